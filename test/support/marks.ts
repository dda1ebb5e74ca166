/** What a log says of what it lacks. */
const mark = /\n\[drover: (\d+) bytes of output lost here: ([A-Z]+)\]\n/;

/**
 * Whether a log is what was written to it, but for the parts whose length its marks tell.
 * @returns how many bytes these are, and why; throws where the log is something else
 */
export function lossesIn(log: string, written: string): { lost: number; errnos: string[] } {
  const parts = log.split(mark);
  const errnos: string[] = [];
  let [at, lost] = [0, 0];
  for (let n = 0; n < parts.length; n += 3) {
    const [text = "", bytes = "0", errno] = parts.slice(n, n + 3);
    if (!written.startsWith(text, at)) {
      const near = `${JSON.stringify(text.slice(0, 80))} at ${at}`;
      throw new Error(`the log has ${near}, where ${written.slice(at, at + 80)} was written`);
    }
    at += text.length + Number(bytes);
    lost += Number(bytes);
    if (errno) errnos.push(errno);
  }
  if (at !== written.length) throw new Error(`${at} bytes are told of, of ${written.length}`);
  return { lost, errnos };
}
