"""What a shell has to be told so that it completes the words of `darkroom`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BASH: Final = r"""# bash completion of darkroom.
_darkroom() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <("$1" complete bash -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o bashdefault -o default -F _darkroom darkroom
"""

_ZSH: Final = r"""#compdef darkroom
# zsh completion of darkroom.
_darkroom() {
    local line
    local -a asked lines values shown
    asked=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    lines=("${(@f)$(_call_program darkroom $words[1] complete zsh -- "${(@q)asked}" 2>/dev/null)}")
    for line in "${(@)lines[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    (( $#values )) && compadd -l -d shown -a values
    [[ $lines[1] == files ]] && _files
}
if [[ $funcstack[1] == _darkroom ]]; then
    _darkroom "$@"
else
    compdef _darkroom darkroom
fi
"""

_FISH: Final = r"""# fish completion of darkroom.
function __darkroom_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] complete fish -- $words[2..-1] "$current" 2>/dev/null)
    test "$lines[1]" = files; and __fish_complete_path $current
    for line in $lines[2..-1]
        echo -- $line
    end
end
complete -c darkroom -f -a '(__darkroom_words)'
"""

SCRIPTS: Final[Mapping[str, str]] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""By the name of the shell; each asks `darkroom complete` at every press of the key."""
