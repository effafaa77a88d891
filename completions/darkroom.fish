# fish completion of darkroom.
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
