const bash = `# Completion of droverctl for bash: put this where bash-completion looks, or
#   source <(droverctl completion bash)
_droverctl() {
  local line=\${COMP_LINE:0:COMP_POINT} word skip="" each
  word=\${line##*[[:space:]]}
  # Bash takes a colon for the end of a word.
  [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && skip=\${word%"\${word##*:}"}
  COMPREPLY=()
  while IFS= read -r each; do
    COMPREPLY+=("\${each#"$skip"}")
  done < <(droverctl completion words "$line" 2>/dev/null)
}
complete -F _droverctl droverctl
`;

const zsh = `#compdef droverctl
# Completion of droverctl for zsh: save as _droverctl in a folder of $fpath, or
#   source <(droverctl completion zsh)
_droverctl() {
  local -a found
  found=("\${(@f)$(droverctl completion words "\${BUFFER[1,CURSOR]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _droverctl droverctl
`;

const fish = `# Completion of droverctl for fish: save as ~/.config/fish/completions/droverctl.fish
complete -c droverctl -f -a '(droverctl completion words (commandline -cp | string collect) 2>/dev/null)'
`;

/** What each shell is to load, by its name. */
export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
