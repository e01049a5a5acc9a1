/* SEV-SNP reports by the driver's own interface, for kernels without configfs-tsm (before 6.7).
 *
 * Documentation/virt/coco/sev-guest.rst of the kernel; AMD 56860, MSG_REPORT_RSP. */
#ifndef COCOS_AGENT_ATTESTER_SEV_GUEST_H
#define COCOS_AGENT_ATTESTER_SEV_GUEST_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"

#define SEV_GUEST_DEVICE          "/dev/sev-guest"
#define SEV_GUEST_CERTIFICATE_MAX (64 * KIB)

/* What differs between a kernel and a test. */
struct sev_guest_kernel {
    const char *device;
    int (*ioctl)(int fd, unsigned long request, void *argument);
};

extern const struct sev_guest_kernel sev_guest_linux;

struct sev_guest_answer {
    struct buf report;
    struct buf certificates; /* the host's table, with zeros after it; all zeros when it has none */
};

void sev_guest_answer_done(struct sev_guest_answer *answer);
#define OWNED_SEV_GUEST_ANSWER                                                                     \
    __attribute__((cleanup(sev_guest_answer_done))) struct sev_guest_answer

/* Whether there is a device. Errors: NOT_FOUND, SYSTEM. */
MUST_USE int sev_guest_probe(const struct sev_guest_kernel *kernel, struct err *err);

/* A report over these 64 bytes, at the level at which this guest runs. Errors: NOT_FOUND (no
 * device), SYSTEM, TOO_LARGE. */
MUST_USE int sev_guest_report(const struct sev_guest_kernel *kernel,
                              const uint8_t report_data[static SHA512_SIZE],
                              struct sev_guest_answer *ret, struct err *err);

/* SNP_GET_DERIVED_KEY: 32 bytes that this chip gives to this guest: policy, measurement, family and
 * image are mixed in, versions are not. At the lowest level that the driver may ask for. Errors:
 * NOT_FOUND (no device), SYSTEM. */
#define SEV_GUEST_KEY_SIZE 32
MUST_USE int sev_guest_derive_key(const struct sev_guest_kernel *kernel,
                                  uint8_t out[static SEV_GUEST_KEY_SIZE], struct err *err);

#endif
