interface AutoLog {
  process: string;
  stream: string;
  /** Of the daemon. */
  identifier: string;
  /** Eight of a-z, 0-9 and _, as Python's tempfile takes them. */
  random: string;
}

/** supervisord's name of an AUTO log. */
export const autoLogName = ({ process, stream, identifier, random }: AutoLog): string =>
  `${process}-${stream}---${identifier}-${random}.log`;

/** The name, and whatever a rotation puts behind it: `.1`, `.2.gz`, a date. */
const form = /^(.+)-[a-z0-9_]{8}\.log(?:[.-][\w.:+-]+)?$/;

/**
 * Whether a file is an AUTO log of a daemon, or what one was rotated to. supervisord takes the
 * identifier for a pattern, and does not look at what is before it: the logs of another daemon go too
 * when its identifier has the other one's at its end, or is matched by its dots.
 */
export function isAutoLog(name: string, identifier: string): boolean {
  const [, start = ""] = form.exec(name) ?? [];
  return ["stdout", "stderr"].some((stream) => {
    const end = `-${stream}---${identifier}`;
    return start.endsWith(end) && start.length > end.length;
  });
}
