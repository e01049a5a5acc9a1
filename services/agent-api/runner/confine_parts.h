/* What the processes of one sandbox share among themselves; see confine.h. */
#ifndef COCOS_AGENT_RUNNER_CONFINE_PARTS_H
#define COCOS_AGENT_RUNNER_CONFINE_PARTS_H

#include "services/agent-api/runner/confine.h"

/* Descriptors that the launcher finds open. */
#define CONFINE_SOCKET_FD 3 /* reports go out; its end means: kill */
#define CONFINE_SPEC_FD   4 /* the spec as JSON */

#define CONFINE_ARGUMENT "--run-confined"

/* The user inside. */
#define CONFINE_UID 1000

extern const struct json_table confine_spec_table;

/* Sends a report, with a descriptor unless it is -1. */
MUST_USE int confine_send(int socket, const struct confine_report *report, int fd, struct err *err);

/* Sends CONFINE_BROKEN with the error's text; for those who are about to exit. */
void confine_send_broken(int socket, const struct err *err);

/* The life of init; returns its exit code. Reads one byte from go_fd first: groups and user mapping
 * are set then. filter is a filter_make() context. */
int inside_main(const struct confine_spec *spec, int go_fd, void *filter);

#endif
