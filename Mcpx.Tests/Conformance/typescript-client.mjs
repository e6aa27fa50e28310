// The TypeScript SDK's client (1.x) against server-everything: does everything the server offers and prints what it saw
// as one JSON object, in which nothing is left that differs from run to run.
//   node typescript-client.mjs URL      the Authorization header comes from MCPX_AUTHORIZATION
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';
import { capabilities, headers, information, modelAnswer, named, plainPrompts, plainResources, plainTools, print, saw, step, url } from './tour.mjs';

const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
const client = new Client(information, { capabilities });

const asked = [];
const told = new Map();
const waiting = [];

client.setRequestHandler(types.CreateMessageRequestSchema, async ({ params }) => {
  asked.push({ method: 'sampling/createMessage', params });
  return modelAnswer;
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

const call = (name, args = {}, options) => client.callTool({ name: named(name), arguments: args }, undefined, options);

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
await plainTools(client);
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
    { name: named('simulate-research-query'), arguments: { topic: 'python', ambiguous: true } }, types.CallToolResultSchema, { task: { ttl: 60000 } });
  for await (const message of stream) {
    kinds.add(message.type);
    if (message.type === 'result') result = message.result;
    if (message.type === 'error') result = message.error.message;
  }
  return { kinds: [...kinds].sort(), result };
});

await plainResources(client);
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

await plainPrompts(client);

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
  const after = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'Mcp-Session-Id': session,
      'MCP-Protocol-Version': transport.protocolVersion ?? '2025-11-25', ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  return after.status;
});
await client.close();
print();
