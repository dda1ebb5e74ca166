/** What decides about times, of a program in a scenario's configuration. */
interface Options {
  startsecs: number;
  stopwaitsecs: number;
}

/** @returns undefined for a process that does not have its program's name */
export function optionsOf(programs: string, name: string): Options | undefined {
  const [, section] = programs.split(`[program:${name}]`);
  if (section === undefined) return undefined;
  const [own = ""] = section.split("\n[");
  const read = (option: string, otherwise: number) =>
    Number(new RegExp(`^${option}=(.*)$`, "m").exec(own)?.[1] ?? otherwise);
  return { startsecs: read("startsecs", 1), stopwaitsecs: read("stopwaitsecs", 10) };
}
