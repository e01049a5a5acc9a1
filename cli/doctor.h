/* doctor: a list of checks of this machine, each with what was found and what would mend it. */
#ifndef COCOS_CLI_DOCTOR_H
#define COCOS_CLI_DOCTOR_H

#include "cli/command.h"
#include "cli/session.h"

struct doctor_options {
    struct common_options common;
    struct manager_options manager;
    const char *libvirt_uri;
    const char *image_dir;
    const char *port_range;
};

extern const struct flag doctor_flags[];

int doctor_run(const struct cli *cli, const void *options, struct err *err);

#endif
