/* SPDX-License-Identifier: MIT */
/* note - see note.h. */
#include "note.h"

void note_put(FILE *out, const char *word, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;

	(void)fprintf(out, "%s ", word);
	for (; *p; p++)
		if (*p < ' ' || *p >= 0x7f || *p == '\\')
			(void)fprintf(out, "\\%03o", *p);
		else
			(void)fputc(*p, out);
	(void)fputc('\n', out);
}
