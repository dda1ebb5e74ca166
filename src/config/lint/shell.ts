/** One command of a shell script, as written. */
interface ShellCommand {
  text: string;
  /** What stands after it: `;`, `&&`, `||`, `|`, `&`, or nothing at the end of the script. */
  end: string;
}

/** What a `sh -c` script does with the shell that runs it, as far as its text tells. */
export interface Script {
  commands: readonly ShellCommand[];
  /** It has a loop, a condition or a subshell. */
  compound: boolean;
}

const operator = /&&|\|\||[;\n|&]/y;
const redirection = /\d*(?:&>>?|>>?&?|<<?<?&?)/y;
const keyword = /^(?:while|until|for|if|case|select|\{|\(|function)(?:\s|$)|^\(/;

/** Splits a script at its operators; quotes, `$(...)` and redirections are kept whole. */
export function readScript(text: string): Script {
  const commands: ShellCommand[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const whole = matchAt(quotation, text, at) || matchAt(redirection, text, at);
    const end = whole === "" ? matchAt(operator, text, at) : "";
    if (end !== "") {
      push(text.slice(start, at), end === "\n" ? ";" : end);
      start = at + end.length;
    }
    at += Math.max(1, whole.length, end.length);
  }
  push(text.slice(start), "");
  return { commands, compound: commands.some((command) => keyword.test(command.text)) };

  function push(part: string, end: string): void {
    if (part.trim() !== "") commands.push({ text: part.trim(), end });
  }
}

const quotation = /\\.|'[^']*'|"(?:\\.|[^"\\])*"|`[^`]*`|\$\((?:[^()]|\([^()]*\))*\)/sy;

/** What the pattern, which is a sticky one, matches at this place. */
function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** The commands of the last pipeline: what the script is there for, and what reads its output. */
export function lastPipeline({ commands }: Script): readonly ShellCommand[] {
  let first = commands.length - 1;
  while (first > 0 && commands[first - 1]?.end === "|") first--;
  return commands.slice(Math.max(0, first));
}

/** Whether a shell is still there, in front of what it started, while that runs. */
type InFront = "always" | "old" | "never";

/** What the shell does itself: there is nobody behind it. */
const builtin = /^(?:exit|echo|printf|true|false|cd|export|umask|:|set|test)(?:\s|$)/;

/** "old": before bash 5.1, which made the last command of a list take the place of the shell. */
export function staysInFront(script: Script, shell: string): InFront {
  const { commands, compound } = script;
  const pipeline = lastPipeline(script);
  const [last] = pipeline;
  if (commands.every(({ text }) => builtin.test(text))) return "never";
  // Whoever sets a trap hands signals on himself.
  if (!last || commands.some(({ text }) => /^trap\s/.test(text))) return "never";
  if (compound)
    return commands.some(({ text }) => /(?:^|\s)exec\s/.test(text)) ? "never" : "always";
  if (pipeline.length > 1 || last.end === "&") return "always";
  if (/^(?:\w+=\S*\s+)*exec\s/.test(last.text)) return "never";
  // bash and its like become a command that stands alone; dash, the sh of Debian, never does.
  if (!/^(?:bash|zsh|ksh)$/.test(shell) || /[<>]/.test(last.text)) return "always";
  if (commands.length === 1) return "never";
  return shell === "bash" ? "old" : "never";
}
