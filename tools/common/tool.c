/* SPDX-License-Identifier: MIT */
/* tool - see tool.h. */
#include "common/tool.h"

#include <string.h>

#include "common/grammar.h"

const struct verb *tool_find_verb(const struct tool *tool, const char *word)
{
	const struct verb *const *table, *verb;

	for (table = tool->verbs; table && *table; table++)
		for (verb = *table; verb->names; verb++)
			if (names_have(verb->names, word, strlen(word)))
				return verb;
	return NULL;
}
