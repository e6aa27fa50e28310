// What the tours of both TypeScript SDKs have in common: where they go, what they note, and the steps that both clients
// take with the same calls.
const url = new URL(process.argv[2]);
const authorization = process.env.MCPX_AUTHORIZATION;
const saw = {};

// What a virtual gateway puts before the names of tools and prompts.
const prefix = process.env.MCPX_PREFIX ?? '';

export { url, saw };
export const headers = authorization ? { Authorization: authorization } : {};
export const information = { name: 'mcpx-tests', version: '1.0.0' };
export const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
export const modelAnswer = { role: 'assistant', model: 'a-model', stopReason: 'endTurn', content: { type: 'text', text: 'Grüße from the model' } };

export const named = (name) => prefix + name;

export async function step(name, work) {
  try {
    saw[name] = await work();
  } catch (error) {
    saw[name] = { error: error.message, code: error.code };
  }
}

/** Tools of server-everything that ask nothing of the client. */
export async function plainTools(client) {
  const call = (name, args = {}) => client.callTool({ name: named(name), arguments: args });
  await step('echo', () => call('echo', { message: 'Grüße, 世界 🌍 "quoted" \u2028' }));
  await step('echo without its argument', () => call('echo'));
  await step('a tool that is not there', () => call('no-such-tool'));
  await step('get-sum', () => call('get-sum', { a: 0.1, b: 2e300 }));
  await step('get-tiny-image', () => call('get-tiny-image'));
  await step('get-structured-content', () => call('get-structured-content', { location: 'Chicago' }));
  await step('get-annotated-message', () => call('get-annotated-message', { messageType: 'error', includeImage: true }));
  await step('get-resource-links', () => call('get-resource-links', { count: 3 }));
  await step('get-env', async () => (await call('get-env')).content.length);
}

export async function plainResources(client) {
  await step('resources/list', () => client.listResources());
  await step('resources/templates/list', () => client.listResourceTemplates());
  await step('resources/read', async () => client.readResource({ uri: (await client.listResources()).resources[0].uri }));
  await step('a template read as text', async () => (await client.readResource({ uri: 'demo://resource/dynamic/text/1' })).contents.map(({ uri, mimeType }) => ({ uri, mimeType })));
  await step('a resource that is not there', () => client.readResource({ uri: 'demo://nothing' }));
}

export async function plainPrompts(client) {
  await step('prompts/list', () => client.listPrompts());
  await step('simple-prompt', () => client.getPrompt({ name: named('simple-prompt') }));
  await step('args-prompt', () => client.getPrompt({ name: named('args-prompt'), arguments: { city: 'Zürich', state: 'ZH' } }));
  await step('a prompt without its argument', () => client.getPrompt({ name: named('args-prompt'), arguments: {} }));
  await step('resource-prompt', async () => (await client.getPrompt({ name: named('resource-prompt'), arguments: { resourceType: 'Text', resourceId: '1' } })).messages.length);
  await step('completion of a prompt', () => client.complete({
    ref: { type: 'ref/prompt', name: named('completable-prompt') }, argument: { name: 'name', value: '' }, context: { arguments: { department: 'Sales' } } }));
  await step('completion of a resource', () => client.complete({ ref: { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }, argument: { name: 'resourceId', value: '1' } }));
}

/** Members of results that only one of the eras has, and what the gateway says of itself in lists. */
const ofOneEra = ['ttlMs', 'cacheScope', 'resultType', 'execution'];

function withoutUpstreams(key, value) {
  if (key !== '_meta' || !value?.['mcpx/upstreams']) return value;
  const { 'mcpx/upstreams': _, ...rest } = value;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function withoutEra(key, value) {
  if (ofOneEra.includes(key)) return undefined;
  const rest = withoutUpstreams(key, value);
  // The clients of the two eras read results in different orders.
  return rest && typeof rest === 'object' && !Array.isArray(rest) ? Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) : rest;
}

/** Prints what was seen, without the ids and times of this run; and where two eras are compared, without what is only of one. */
export function print(acrossEras = false) {
  const text = JSON.stringify(saw, acrossEras ? withoutEra : withoutUpstreams, 2)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}/g, '<id>')
    .replace(/("taskId": )"[^"]+"/g, '$1"<id>"')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(prefix || '\0', '');
  process.stdout.write(`${text}\n`, () => process.exit(0));
}
