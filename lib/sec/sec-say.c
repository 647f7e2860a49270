/* SPDX-License-Identifier: MIT */
/*
 * sec-say - keyring, ids, capabilities, no_new_privs and seccomp in shell. A shell cannot
 * change its own ids and go on, so these append options to the variable "priv", which the
 * last command hands to setpriv(1).
 */
#include <inttypes.h>
#include <string.h>

#include "sec/sec.h"

enum { CAPS_TEXT_MAX = 2048 };

void say_keyring(FILE *out, const struct step *s)
{
	fprintf(out, "# no equivalent in shell: keyctl(1) \"session\" starts a command "
		     "with a\n"
		     "# new keyring, if it is installed\n");
}

static void say_groups(FILE *out, const struct step *s)
{
	if (!s->ids.set_groups) {
		fprintf(out, " --keep-groups");
		return;
	}
	if (!s->ids.groups_len) {
		fprintf(out, " --clear-groups");
		return;
	}
	for (size_t i = 0; i < s->ids.groups_len; i++)
		fprintf(out, "%s%" PRIu32, i ? "," : " --groups=", s->ids.groups[i]);
}

void say_ids(FILE *out, const struct step *s)
{
	fprintf(out, "priv=\"$priv");
	if (s->ids.set_ids)
		fprintf(out, " --reuid=%" PRIu32 " --regid=%" PRIu32, s->ids.uid,
			s->ids.gid);
	say_groups(out, s);
	fprintf(out, "\"\n");
}

/* "-all,+chown,+kill": setpriv(1) wants names without "cap_". */
static void say_set(FILE *out, const char *option, uint64_t mask)
{
	char names[CAPS_TEXT_MAX];
	char *save = NULL;

	fprintf(out, " --%s=-all", option);
	caps_format(mask, names, sizeof(names));
	for (char *name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		/* A number without a name is written "cap_41" there too. */
		bool number = name[4] >= '0' && name[4] <= '9';

		fprintf(out, ",+%s", number ? name : name + 4);
	}
}

void say_caps(FILE *out, const struct step *s)
{
	fprintf(out, "priv=\"$priv");
	if (s->caps.known & ~s->caps.keep)
		say_set(out, "bounding-set", s->caps.keep);
	say_set(out, "inh-caps", s->caps.ambient);
	say_set(out, "ambient-caps", s->caps.ambient);
	fprintf(out, "\"\n");
}

void say_no_new_privs(FILE *out, const struct step *s)
{
	fprintf(out, "priv=\"$priv --no-new-privs\"\n");
}

void say_seccomp(FILE *out, const struct step *s)
{
	fprintf(out,
		"# no equivalent in shell: seccomp(2) with the profile \"%s\", %u"
		" instructions\n",
		s->seccomp.name, (unsigned)s->seccomp.len);
}
