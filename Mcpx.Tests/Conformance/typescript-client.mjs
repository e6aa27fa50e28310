// The TypeScript SDK's client (1.x) against server-everything: does everything the server offers and prints what it saw
// as one JSON object, in which nothing is left that differs from run to run.
//   node typescript-client.mjs URL      the Authorization header comes from MCPX_AUTHORIZATION
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

const authorization = process.env.MCPX_AUTHORIZATION;
const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]), {
  requestInit: authorization ? { headers: { Authorization: authorization } } : {},
});
const client = new Client(
  { name: 'mcpx-tests', version: '1.0.0' },
  { capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } } },
);

const saw = {};
const asked = [];
const told = new Map();
const waiting = [];

client.setRequestHandler(types.CreateMessageRequestSchema, async ({ params }) => {
  asked.push({ method: 'sampling/createMessage', params });
  return { role: 'assistant', model: 'a-model', stopReason: 'endTurn', content: { type: 'text', text: 'Grüße from the model' } };
});
client.setRequestHandler(types.ElicitRequestSchema, async ({ params }) => {
  asked.push({ method: 'elicitation/create', params: { ...params, elicitationId: undefined } });
  return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { name: 'Zoë', interpretation: 'technical' } };
});
let roots = [{ uri: 'file:///one', name: 'One' }];
client.setRequestHandler(types.ListRootsRequestSchema, async () => ({ roots }));
client.fallbackNotificationHandler = async ({ method, params }) => {
  told.set(method, [...(told.get(method) ?? []), params]);
  for (const [wanted, matches, resolve] of [...waiting]) if (wanted === method && matches(params)) resolve(params);
};

/** The notification, whether it came already or is still to come. */
function toldOf(method, matches = () => true) {
  const earlier = (told.get(method) ?? []).filter(matches);
  if (earlier.length > 0) return earlier[0];
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`No ${method} came.`)), 15000);
    waiting.push([method, matches, (params) => { clearTimeout(late); resolve(params); }]);
  });
}

async function step(name, work) {
  try {
    saw[name] = await work();
  } catch (error) {
    saw[name] = { error: error.message, code: error.code };
  }
}

const call = (name, args = {}, options) => client.callTool({ name, arguments: args }, undefined, options);

await client.connect(transport);
saw.initialize = {
  version: transport.protocolVersion, server: client.getServerVersion(), capabilities: client.getServerCapabilities(),
  instructions: client.getInstructions(), session: typeof transport.sessionId,
};
await step('ping', () => client.ping());

// Some tools appear only when the server knows what the client can do.
await step('tools/list', async () => {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools({ cursor });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor);
  return tools;
});
await step('echo', () => call('echo', { message: 'Grüße, 世界 🌍 "quoted" \u2028' }));
await step('echo without its argument', () => call('echo'));
await step('a tool that is not there', () => call('no-such-tool'));
await step('get-sum', () => call('get-sum', { a: 0.1, b: 2e300 }));
await step('get-tiny-image', () => call('get-tiny-image'));
await step('get-structured-content', () => call('get-structured-content', { location: 'Chicago' }));
await step('get-annotated-message', () => call('get-annotated-message', { messageType: 'error', includeImage: true }));
await step('get-resource-links', () => call('get-resource-links', { count: 3 }));
await step('get-env', async () => (await call('get-env')).content.length);
await step('get-roots-list', () => call('get-roots-list'));
await step('roots changed', async () => {
  roots = [...roots, { uri: 'file:///two', name: 'Two' }];
  await client.sendRootsListChanged();
  await toldOf('notifications/message', ({ data }) => String(data).includes('2 root'));
  return call('get-roots-list');
});
await step('trigger-sampling-request', () => call('trigger-sampling-request', { prompt: 'Hello?', maxTokens: 7 }));
await step('trigger-elicitation-request', () => call('trigger-elicitation-request'));
await step('trigger-url-elicitation', async () => (await call('trigger-url-elicitation', { url: 'https://example.org/consent', message: 'Please' })).isError ?? false);
await step('progress', async () => {
  const progress = [];
  const result = await call('trigger-long-running-operation', { duration: 0.5, steps: 5 }, { onprogress: (one) => progress.push(one) });
  return { progress, result };
});
await step('cancellation', async () => {
  const controller = new AbortController();
  const first = new Promise((resolve) => {
    call('trigger-long-running-operation', { duration: 2, steps: 20 }, { signal: controller.signal, onprogress: () => { controller.abort('enough'); } })
      .then(() => resolve('ended'), (error) => resolve(String(error)));
  });
  return { outcome: await first, ping: await client.ping() };
});
await step('research as a task', async () => {
  const kinds = new Set();
  let result;
  const stream = client.experimental.tasks.callToolStream(
    { name: 'simulate-research-query', arguments: { topic: 'python', ambiguous: true } }, types.CallToolResultSchema, { task: { ttl: 60000 } });
  for await (const message of stream) {
    kinds.add(message.type);
    if (message.type === 'result') result = message.result;
    if (message.type === 'error') result = message.error.message;
  }
  return { kinds: [...kinds].sort(), result };
});

await step('resources/list', () => client.listResources());
await step('resources/templates/list', () => client.listResourceTemplates());
await step('resources/read', async () => client.readResource({ uri: (await client.listResources()).resources[0].uri }));
await step('a template read as text', async () => (await client.readResource({ uri: 'demo://resource/dynamic/text/1' })).contents.map(({ uri, mimeType }) => ({ uri, mimeType })));
await step('a resource that is not there', () => client.readResource({ uri: 'demo://nothing' }));
await step('list_changed', async () => {
  const uri = 'data:text/plain,hello';
  const result = await call('gzip-file-as-resource', { name: 'hello.gz', data: uri, outputType: 'resourceLink' });
  await toldOf('notifications/resources/list_changed');
  const read = await client.readResource({ uri: result.content[0].uri });
  return { result, length: read.contents[0].blob.length };
});
await step('subscription', async () => {
  const { resources } = await client.listResources();
  await client.subscribeResource({ uri: resources[0].uri });
  await call('toggle-subscriber-updates');
  const updated = await toldOf('notifications/resources/updated');
  await call('toggle-subscriber-updates');
  await client.unsubscribeResource({ uri: resources[0].uri });
  return updated;
});

await step('prompts/list', () => client.listPrompts());
await step('simple-prompt', () => client.getPrompt({ name: 'simple-prompt' }));
await step('args-prompt', () => client.getPrompt({ name: 'args-prompt', arguments: { city: 'Zürich', state: 'ZH' } }));
await step('a prompt without its argument', () => client.getPrompt({ name: 'args-prompt', arguments: {} }));
await step('resource-prompt', async () => (await client.getPrompt({ name: 'resource-prompt', arguments: { resourceType: 'Text', resourceId: '1' } })).messages.length);
await step('completion of a prompt', () => client.complete({
  ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'name', value: '' }, context: { arguments: { department: 'Sales' } } }));
await step('completion of a resource', () => client.complete({ ref: { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }, argument: { name: 'resourceId', value: '1' } }));

await step('logging', async () => {
  const set = await client.setLoggingLevel('debug');
  const before = (told.get('notifications/message') ?? []).length;
  await call('toggle-simulated-logging');
  const message = await toldOf('notifications/message', () => told.get('notifications/message').length > before);
  await call('toggle-simulated-logging');
  return { set, level: typeof message.level };
});
saw.asked = asked;

await step('end of session', async () => {
  const session = transport.sessionId;
  await transport.terminateSession();
  const headers = {
    'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'Mcp-Session-Id': session,
    'MCP-Protocol-Version': transport.protocolVersion ?? '2025-11-25', ...(authorization ? { Authorization: authorization } : {}),
  };
  const after = await fetch(process.argv[2], { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) });
  return after.status;
});
await client.close();

// Ids and times of this run.
const text = JSON.stringify(saw, null, 2)
  .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}/g, '<id>')
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>');
process.stdout.write(`${text}\n`, () => process.exit(0));
