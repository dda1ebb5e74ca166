import { run } from "./daemon.ts";

/** Calls over XML-RPC; prints each answer, fault or other error as a line of JSON. */
const python = `
import sys, json, xmlrpc.client, http.client, socket
class C(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])
class T(xmlrpc.client.Transport):
    def make_connection(self, host): return C("localhost")
s = xmlrpc.client.ServerProxy("http://localhost", transport=T())
for method, *params in json.loads(sys.argv[2]):
    try: print(json.dumps(getattr(s, method if "." in method else f"supervisor.{method}")(*params)))
    except xmlrpc.client.Fault as f: print(json.dumps([f.faultCode, f.faultString]))
    except Exception as e: print(json.dumps(type(e).__name__))
`;

/**
 * Calls methods, supervisor.* unless they are named in full, of the daemon in a folder as supervisord's own clients do.
 * @returns the answers; of a fault its code and text, of another error its Python name
 */
export async function call(dir: string, calls: readonly unknown[]): Promise<unknown[]> {
  const { stdout } = await run("python3", ["-c", python, `${dir}/d.sock`, JSON.stringify(calls)]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}
