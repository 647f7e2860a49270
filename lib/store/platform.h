/* SPDX-License-Identifier: MIT */
/* platform - the machines that images are for, with Go's names. */
#pragma once

struct platform {
	char os[32], architecture[32], variant[32];
};

/* What this machine is. */
void platform_machine(struct platform *ret);
