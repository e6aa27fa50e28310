// The bench's upstream for proxies that can only front a program on standard input and output. As little work per call
// as Node allows; every call is one byte in the file named by BENCH_CALLS, appended, so that the runner counts them all,
// whichever of a proxy's child processes answered.
import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const calls = openSync(process.env.BENCH_CALLS, "a");
const info = { name: "mcpx-bench-stdio", version: "1" };
const tools = [{
  name: "echo",
  description: "Answers with the nonce of the call, as often as it takes to fill the text.",
  inputSchema: { type: "object", properties: { nonce: { type: "string" }, bytes: { type: "integer" } }, required: ["nonce"] },
}];

function resultOf({ method, params }) {
  switch (method) {
    case "initialize":
      return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: info };
    case "tools/list":
      return { tools };
    case "ping":
      return {};
    case "tools/call": {
      const { nonce, bytes } = params.arguments;
      writeSync(calls, ".");
      return { content: [{ type: "text", text: nonce + "x".repeat(Math.max(0, bytes - 2 * nonce.length)) + nonce }], isError: false };
    }
    default:
      return undefined;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.id === undefined || message.method === undefined) return;
  const result = resultOf(message);
  const answer = result === undefined ? { error: { code: -32601, message: "Method not found" } } : { result };
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer }) + "\n");
});
process.stdin.on("end", () => process.exit(0));
