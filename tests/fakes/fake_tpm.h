/* A software TPM of our own for one test: swtpm, in a directory of its own, with an endorsement key
 * whose certificate a throwaway CA made. Nothing of the machine's own swtpm is touched. */
#ifndef COCOS_TESTS_FAKE_TPM_H
#define COCOS_TESTS_FAKE_TPM_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct fake_tpm {
    char dir[64];
    char tcti[64]; /* for tpm_device_open() */
    pid_t pid;
};

/* Makes and starts one. False, after a loud line, when swtpm is not installed. */
bool fake_tpm_start(struct fake_tpm *tpm);
/* The same with other banks of registers than that of SHA-256: "sha1,sha256". */
bool fake_tpm_start_with(struct fake_tpm *tpm, const char *banks);

/* The machine is switched off and on: registers are zero again, keys the same. */
void fake_tpm_reset(struct fake_tpm *tpm);

void fake_tpm_stop(struct fake_tpm *tpm);

#endif
