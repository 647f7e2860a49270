/* SPDX-License-Identifier: MIT */
/*
 * complete-script - the scripts of tools/shells, the same for every tool: TOOL becomes
 * its name.
 */
#include <stdio.h>
#include <string.h>

#include "common/complete.h"

const char *complete_script(const struct tool *tool, const char *shell)
{
	const struct complete_script *script = complete_scripts;
	const char *p, *place;

	while (script->shell && strcmp(script->shell, shell) != 0)
		script++;
	if (!script->shell)
		return "unknown shell (bash, zsh, fish)";
	for (p = script->text; (place = strstr(p, "TOOL")) != NULL;
	     p = place + strlen("TOOL"))
		(void)printf("%.*s%s", (int)(place - p), p, tool->name);
	(void)fputs(p, stdout);
	return NULL;
}
