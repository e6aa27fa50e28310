// The TypeScript SDK's client of its second major version. Prints what it saw as one JSON object, in which nothing is
// left that differs from run to run.
//   node typescript-2-client.mjs URL legacy     the session era, against server-everything
//   node typescript-2-client.mjs URL auto       the era that the server offers, against the conformance fixtures
//   node typescript-2-client.mjs URL bridged    2026-07-28, against server-everything behind a bridge
//   node typescript-2-client.mjs URL unasked    the session era, as a client that can't be asked anything
// The Authorization header comes from MCPX_AUTHORIZATION.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { capabilities, headers, information, modelAnswer, named, plainPrompts, plainResources, plainTools, print, saw, step, url } from './tour.mjs';

const mode = process.argv[3];
const canBeAsked = mode !== 'unasked';
const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
const client = new Client(information, { capabilities: canBeAsked ? capabilities : {}, versionNegotiation: { mode: { bridged: 'auto', unasked: 'legacy' }[mode] ?? mode } });

const asked = [];
if (canBeAsked) {
  client.setRequestHandler('sampling/createMessage', async ({ params }) => {
    asked.push({ method: 'sampling/createMessage', params });
    return modelAnswer;
  });
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push({ method: 'elicitation/create', params });
    return { action: 'accept', content: { name: 'Zoë', color: 'blue' } };
  });
  client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: 'file:///one', name: 'One' }] }));
}

/** What both eras' servers are asked at first. */
async function connect() {
  await client.connect(transport);
  saw.connection = {
    era: client.getProtocolEra(), version: client.getNegotiatedProtocolVersion(), server: client.getServerVersion(),
    capabilities: client.getServerCapabilities(), instructions: client.getInstructions(), session: typeof transport.sessionId,
  };
  await step('tools/list', () => client.listTools());
}

async function tourOfEverything() {
  await plainTools(client);
  await plainResources(client);
  await plainPrompts(client);
  await step('progress', async () => {
    const progress = [];
    const result = await client.callTool({ name: named('trigger-long-running-operation'), arguments: { duration: 0.3, steps: 3 } }, { onprogress: (one) => progress.push(one) });
    return { progress, result };
  });
  if (client.getProtocolEra() === 'modern') return;
  await step('ping', () => client.ping());
  await step('end of session', async () => {
    await transport.terminateSession();
    return typeof transport.sessionId;
  });
}

async function tourOfFixtures() {
  const call = (name, args = {}) => step(name, () => client.callTool({ name, arguments: args }));
  await call('test_simple_text');
  await call('test_multiple_content_types');
  await call('test_error_handling');
  await call('no_such_tool');
  // The client repeats the argument in a header, of which the server refuses a wrong or missing one.
  await call('test_header_tool', { region: 'eu-central', query: 'Grüße' });
  // The client fulfils these by itself and calls again with the state that it was given.
  await call('test_input_required_result_elicitation');
  await call('test_input_required_result_sampling');
  await call('test_input_required_result_list_roots');
  await call('test_input_required_result_multi_round');
  saw.asked = asked;
}

await connect();
await (client.getProtocolEra() === 'modern' && mode === 'auto' ? tourOfFixtures() : tourOfEverything());
await client.close();
print(mode === 'bridged' || mode === 'unasked');
