/** The words of a command as they are written, with their quotes and backslashes. */
export const writtenWords = (text: string): string[] =>
  text.match(/(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+/gs) ?? [];

/** What joins commands or redirects a stream, as a word without quotes. */
export const operator = /^(?:&&|\|\|?|;|&|(?:\d?>>?|&>>?)[\w./~$%-]*|<(?:\/[\w./-]+)?|\d?>>?&\d)$/;

/** A variable that is given before a command: its name and its value. */
export const assignment = /^([A-Za-z_]\w*)=(.*)$/s;

/** `$NAME` and `${NAME}`, also with what a shell can do in the braces. */
export const variable = /\$(?:\{[A-Z_][A-Z0-9_]*[^}]*\}?|[A-Z_][A-Z0-9_]*(?![a-z]))/;

/** Every `${NAME}` and `$NAME` whose value is simply put in its place. */
export const variables = /\$\{([A-Z_][A-Z0-9_]*)\}|\$([A-Z_][A-Z0-9_]*)/g;
