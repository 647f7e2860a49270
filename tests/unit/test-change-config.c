/* SPDX-License-Identifier: MIT */
/* Instructions of a Dockerfile as changes of an image's config: each form is one row. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "transfer/change-config.h"
#include "json/json-text.h"

#define BEFORE "{\"Env\":[\"PATH=/bin\",\"E=\"],\"Cmd\":[\"old\"],\"WorkingDir\":\"/w\"}"

/* What is in @key afterwards, as JSON; or NULL and the message in err. */
static struct err err;

static char *changed(const char *key, const char *const *changes)
{
	json_t *config;
	char *text = NULL;

	err_clear(&err);
	ck_assert_int_eq(json_text_read(BEFORE, strlen(BEFORE), &config, NULL), 0);
	if (change_config(&err, config, changes) == 0) {
		json_t *v = json_object_get(config, key);

		text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS)
			 : strdup("nothing");
	}
	json_decref(config);
	return text;
}

static const struct {
	const char *change, *key, *want;
} forms[] = {
	{ "ENV A=1 B=2", "Env", "[\"PATH=/bin\",\"E=\",\"A=1\",\"B=2\"]" },
	{ "ENV A='x y'", "Env", "[\"PATH=/bin\",\"E=\",\"A=x y\"]" },
	{ "ENV A=\"x y\" B='$PATH'", "Env",
	  "[\"PATH=/bin\",\"E=\",\"A=x y\",\"B=$PATH\"]" },
	{ "ENV A=b\\ c", "Env", "[\"PATH=/bin\",\"E=\",\"A=b c\"]" },
	{ "ENV A=\"b\\\"c\\x\"", "Env", "[\"PATH=/bin\",\"E=\",\"A=b\\\"c\\\\x\"]" },
	{ "ENV PATH=$PATH:/x", "Env", "[\"PATH=/bin:/x\",\"E=\"]" },
	{ "ENV PATH=/y A=$PATH", "Env", "[\"PATH=/y\",\"E=\",\"A=/bin\"]" },
	{ "ENV A=${NONE:-d}${E:-e}${E-f}${PATH:+p}$NONE", "Env",
	  "[\"PATH=/bin\",\"E=\",\"A=dep\"]" },
	{ "ENV A=\\$PATH B=$ C=$1", "Env",
	  "[\"PATH=/bin\",\"E=\",\"A=$PATH\",\"B=$\",\"C=$1\"]" },
	{ "ENV A x  y", "Env", "[\"PATH=/bin\",\"E=\",\"A=x  y\"]" },
	{ "env A=", "Env", "[\"PATH=/bin\",\"E=\",\"A=\"]" },
	{ "LABEL a=1 b=2", "Labels", "{\"a\":\"1\",\"b\":\"2\"}" },
	{ "LABEL \"x y\"=z", "Labels", "{\"x y\":\"z\"}" },
	{ "LABEL \"a=b\"=c", "Labels", NULL },
	{ "LABEL a=\"it's\"", "Labels", "{\"a\":\"it's\"}" },
	{ "VOLUME /v /w", "Volumes", "{\"/v\":{},\"/w\":{}}" },
	{ "VOLUME [\"/v\", \"/w x\"]", "Volumes", "{\"/v\":{},\"/w x\":{}}" },
	{ "VOLUME [\"/v\", 1]", "Volumes", NULL },
	{ "VOLUME v", "Volumes", NULL },
	{ "EXPOSE 80 53/UDP", "ExposedPorts", "{\"53/udp\":{},\"80/tcp\":{}}" },
	{ "EXPOSE 8000-8002/tcp", "ExposedPorts",
	  "{\"8000/tcp\":{},\"8001/tcp\":{},\"8002/tcp\":{}}" },
	{ "EXPOSE ${NONE:-1 2}", "ExposedPorts", "{\"1/tcp\":{},\"2/tcp\":{}}" },
	{ "EXPOSE 2-1", "ExposedPorts", NULL },
	{ "EXPOSE 65536", "ExposedPorts", NULL },
	{ "EXPOSE 80/icmp", "ExposedPorts", NULL },
	{ "CMD echo $HOME 'x'", "Cmd", "[\"/bin/sh\",\"-c\",\"echo $HOME 'x'\"]" },
	{ "CMD [ -f /x ] && echo", "Cmd", "[\"/bin/sh\",\"-c\",\"[ -f /x ] && echo\"]" },
	{ "CMD [\"a\", \"b c\"]", "Cmd", "[\"a\",\"b c\"]" },
	{ "CMD []", "Cmd", "[]" },
	{ "CMD ['a']", "Cmd", NULL },
	{ "CMD [\"a\", 1]", "Cmd", NULL },
	{ "ENTRYPOINT exec top", "Entrypoint", "[\"/bin/sh\",\"-c\",\"exec top\"]" },
	{ "ENTRYPOINT [\"/e\"]", "Cmd", "nothing" },
	{ "WORKDIR /a/./b/../c", "WorkingDir", "\"/a/c\"" },
	{ "WORKDIR a b", "WorkingDir", "\"/w/a b\"" },
	{ "WORKDIR ..", "WorkingDir", "\"/\"" },
	{ "WORKDIR ../../..", "WorkingDir", "\"/\"" },
	{ "WORKDIR $PATH/x", "WorkingDir", "\"/bin/x\"" },
	{ "WORKDIR $NONE", "WorkingDir", NULL },
	{ "USER 1000:", "User", "\"1000:\"" },
	{ "USER a b", "User", NULL },
	{ "STOPSIGNAL USR1", "StopSignal", "\"USR1\"" },
	{ "ENV A=1 B", "Env", NULL },
	{ "ENV A", "Env", NULL },
	{ "ENV =1", "Env", NULL },
	{ "ENV A='x", "Env", NULL },
	{ "ENV A=${PATH", "Env", NULL },
	{ "ENV A=${PATH%b}", "Env", NULL },
	{ "FLY x", "Env", NULL },
	{ "ENV", "Env", NULL },
};

START_TEST(a_form_means_what_a_dockerfile_says)
{
	const char *const changes[] = { forms[_i].change, NULL };
	char *got = changed(forms[_i].key, changes);

	if (forms[_i].want) {
		ck_assert_msg(got, "%s: %s", forms[_i].change, err.message);
		ck_assert_str_eq(got, forms[_i].want);
	} else {
		ck_assert_msg(!got, "%s: %s", forms[_i].change, got);
		ck_assert_int_eq(err.code, -EINVAL);
		ck_assert_msg(strstr(err.message, forms[_i].change), "%s", err.message);
	}
	free(got);
}
END_TEST

START_TEST(changes_see_those_before_them)
{
	static const struct {
		const char *changes[4], *key, *want;
	} several[] = {
		{ { "ENV A=1", "ENV B=$A" },
		  "Env",
		  "[\"PATH=/bin\",\"E=\",\"A=1\",\"B=1\"]" },
		{ { "WORKDIR a", "WORKDIR b" }, "WorkingDir", "\"/w/a/b\"" },
		{ { "CMD [\"c\"]", "ENTRYPOINT [\"/e\"]" }, "Cmd", "[\"c\"]" },
		{ { "ENTRYPOINT [\"/e\"]", "CMD [\"c\"]" }, "Cmd", "[\"c\"]" },
		{ { "SHELL [\"/bin/ash\", \"-ec\"]", "CMD x" },
		  "Cmd",
		  "[\"/bin/ash\",\"-ec\",\"x\"]" },
	};

	for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++) {
		char *got = changed(several[i].key, several[i].changes);

		ck_assert_msg(got, "%s: %s", several[i].changes[1], err.message);
		ck_assert_str_eq(got, several[i].want);
		free(got);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("change-config");

	tcase_add_loop_test(t, a_form_means_what_a_dockerfile_says, 0,
			    (int)(sizeof(forms) / sizeof(forms[0])));
	tcase_add_test(t, changes_see_those_before_them);
	return run_case("change-config", t);
}
