/* doctor's part about protected VMs: what this machine has for them, by its own look and by what
 * libvirt says. */
#ifndef COCOS_CLI_DOCTOR_TEE_H
#define COCOS_CLI_DOCTOR_TEE_H

#include "lib/host/tee.h"

/* Judges one kind. root and cpu as tee_probe() takes them. libvirt is asked, through virsh, only
 * where nothing else is missing. */
void doctor_judge_tee(enum tee tee, const char *libvirt_uri, const char *root,
                      const struct tee_cpu *cpu, struct tee_verdict *ret);

#endif
