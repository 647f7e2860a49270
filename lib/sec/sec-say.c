/* SPDX-License-Identifier: MIT */
/*
 * sec-say - keyring, ids, capabilities, no_new_privs and seccomp in shell. A shell cannot
 * change its own ids and go on, so these append options to the variable "priv", which the
 * last command hands to setpriv(1).
 */
#include <inttypes.h>
#include <string.h>

#include "sec/sec-rows.h"
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
	const struct step_ids *d = s->data;

	if (!d->set_groups) {
		fprintf(out, " --keep-groups");
		return;
	}
	if (!d->groups_len) {
		fprintf(out, " --clear-groups");
		return;
	}
	for (size_t i = 0; i < d->groups_len; i++)
		fprintf(out, "%s%" PRIu32, i ? "," : " --groups=", d->groups[i]);
}

void say_ids(FILE *out, const struct step *s)
{
	const struct step_ids *d = s->data;

	fprintf(out, "priv=\"$priv");
	if (d->set_ids)
		fprintf(out, " --reuid=%" PRIu32 " --regid=%" PRIu32, d->uid, d->gid);
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
	const struct step_caps *d = s->data;

	fprintf(out, "priv=\"$priv");
	if (d->known & ~d->keep)
		say_set(out, "bounding-set", d->keep);
	say_set(out, "inh-caps", d->ambient);
	say_set(out, "ambient-caps", d->ambient);
	fprintf(out, "\"\n");
}

void say_no_new_privs(FILE *out, const struct step *s)
{
	fprintf(out, "priv=\"$priv --no-new-privs\"\n");
}

void say_seccomp(FILE *out, const struct step *s)
{
	const struct step_seccomp *d = s->data;

	fprintf(out,
		"# no equivalent in shell: seccomp(2) with the profile \"%s\", %u"
		" instructions\n",
		d->name, (unsigned)d->len);
}
