# SPDX-License-Identifier: MIT
# Completion of TOOL(1) for fish; printed by TOOL --completion fish
# The tool knows its words; see tools/common/complete.h for what it answers.
function __complete_TOOL
	set -l words (commandline -opc)
	set -l cur (commandline -ct)
	for line in ($words[1] --complete $words[2..-1] "$cur" 2>/dev/null)
		set -l last (string split -m 1 ' ' -- $line)
		switch $line
			case ':files *' ':dirs *'
				set -l typed (string sub -s (math 1 + (string length -- "$last[2]")) -- "$cur")
				set -l found
				if test $last[1] = :dirs
					set found (__fish_complete_directories "$typed" '')
				else
					set found (__fish_complete_path "$typed")
				end
				for one in $found
					echo "$last[2]$one"
				end
			case ':command *'
				set -l rest $words[(math $last[2] + 2)..-1]
				complete -C (string join ' ' -- (string escape -- $rest) "$cur")
			case '*'
				echo $line
		end
	end
end
complete -c TOOL -f -a '(__complete_TOOL)'
