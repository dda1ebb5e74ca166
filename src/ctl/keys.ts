const CTRL_C = "\x03";

/**
 * Has keys told as they are pressed, without an echo; Ctrl-C is one, named `q` as what it is for. Where
 * stdin is no terminal there are none.
 * @returns what ends it
 */
export function readKeys(pressed: (key: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const told = (chunk: Buffer) => {
    for (const key of chunk.toString()) pressed(key === CTRL_C ? "q" : key);
  };
  stdin.setRawMode(true);
  stdin.on("data", told);
  stdin.resume();
  return () => {
    stdin.off("data", told);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
