/* SPDX-License-Identifier: MIT */
/*
 * complete - what a word may become, for shells.
 *
 * "TOOL --complete WORD.." is what the scripts for bash, zsh and fish ask: the words
 * after the tool's name up to the cursor, of which the last is to be completed. The tool
 * answers, from the rows it is read by, with lines
 *
 *	WORD<tab>DESCRIPTION	it may be this one; there may be no description
 *	:files BEGIN		or a file; BEGIN, maybe empty, comes before its name, as
 *	                        "--env-file="
 *	:dirs BEGIN		or a directory
 *	:command N		from word N on (0: the first after the tool's name) it is
 *	                        another command
 *
 * with at most one of the last three, at the end. So no shell knows an option of a tool,
 * the scripts are the same for all, and what is installed for another machine needs not
 * run while it is built.
 *
 * What an operand or the argument of an option may be is in its row, in the words of
 * --help: pieces between "|", of which lower-case ones are meant literally and CONTAINER,
 * IMAGE, VOLUME, FILE, HOST, DIR and VERB mean what they say; a name is followed by a
 * colon if its kind is, as in "CONTAINER:|FILE", and what else comes after a colon or in
 * brackets is not completed.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include "common/tool.h"

/* Kinds of names that the tool itself knows, for struct tool. */
enum { NAME_CONTAINER = 1, NAME_IMAGE = 2, NAME_VOLUME = 4 };

/* The answer for @words, which ends with NULL, to standard output. */
void complete(const struct tool *tool, char **words);
/*
 * For struct tool: offer this name, if it fits. Neither is printed if it has more than
 * letters, digits and "_.:/@+-", as both may come from other users.
 */
void complete_name(const struct completion *c, const char *name, const char *description);
/*
 * The value of the first option that every verb has, which says where names are; NULL:
 * not given.
 */
const char *complete_first(const struct completion *c);
/* What is there of the word. */
const char *complete_typed(const struct completion *c);

/*
 * The scripts, in which TOOL stands for its name; made of tools/shells by
 * tools/shells/embed.
 */
struct complete_script {
	const char *shell, *text; /* NULL ends the table */
};
extern const struct complete_script complete_scripts[];

/* The script for @shell to standard output; NULL, or what is wrong with the name. */
const char *complete_script(const struct tool *tool, const char *shell);

#endif
