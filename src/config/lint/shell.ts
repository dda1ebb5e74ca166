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

/** Whether the shell is still there, in front of what it started, while that runs. */
export function staysInFront(script: Script, shell: string): boolean {
  const { commands, compound } = script;
  const pipeline = lastPipeline(script);
  const [last] = pipeline;
  // Whoever sets a trap hands signals on himself.
  if (!last || commands.some(({ text }) => /^trap\s/.test(text))) return false;
  if (compound) return !commands.some(({ text }) => /(?:^|\s)exec\s/.test(text));
  if (pipeline.length > 1 || last.end === "&") return true;
  if (/^(?:\w+=\S*\s+)*exec\s/.test(last.text)) return false;
  // bash and its like become a command that stands alone; dash, the sh of Debian, never does.
  const alone = commands.length === 1 && !/[<>]/.test(last.text);
  return !(alone && /^(?:bash|zsh|ksh)$/.test(shell));
}
