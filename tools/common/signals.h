/* SPDX-License-Identifier: MIT */
/* signals - whose they are. */
#ifndef SIGNALS_H
#define SIGNALS_H

/*
 * From here on signals are the command's. It runs before its start returns, so one that
 * came right then would end us instead: it waits for minc_foreground() or minc_attach().
 */
void signals_block(void);

#endif
