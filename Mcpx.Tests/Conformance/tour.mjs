// What the tours of both TypeScript SDKs have in common: where they go, what they note, and the steps that both clients
// take with the same calls.
const url = new URL(process.argv[2]);
const authorization = process.env.MCPX_AUTHORIZATION;
const saw = {};

export { url, saw };
export const headers = authorization ? { Authorization: authorization } : {};
export const information = { name: 'mcpx-tests', version: '1.0.0' };
export const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
export const modelAnswer = { role: 'assistant', model: 'a-model', stopReason: 'endTurn', content: { type: 'text', text: 'Grüße from the model' } };

export async function step(name, work) {
  try {
    saw[name] = await work();
  } catch (error) {
    saw[name] = { error: error.message, code: error.code };
  }
}

/** Tools of server-everything that ask nothing of the client. */
export async function plainTools(client) {
  const call = (name, args = {}) => client.callTool({ name, arguments: args });
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
  await step('simple-prompt', () => client.getPrompt({ name: 'simple-prompt' }));
  await step('args-prompt', () => client.getPrompt({ name: 'args-prompt', arguments: { city: 'Zürich', state: 'ZH' } }));
  await step('a prompt without its argument', () => client.getPrompt({ name: 'args-prompt', arguments: {} }));
  await step('resource-prompt', async () => (await client.getPrompt({ name: 'resource-prompt', arguments: { resourceType: 'Text', resourceId: '1' } })).messages.length);
  await step('completion of a prompt', () => client.complete({
    ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'name', value: '' }, context: { arguments: { department: 'Sales' } } }));
  await step('completion of a resource', () => client.complete({ ref: { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }, argument: { name: 'resourceId', value: '1' } }));
}

/** Prints what was seen, without the ids and times of this run. */
export function print() {
  const text = JSON.stringify(saw, null, 2)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>');
  process.stdout.write(`${text}\n`, () => process.exit(0));
}
