/* The libvirt definition of a VM: a pure function from a launch to XML.
 *
 * The guest gets a q35 board, UEFI without a variable store (so that every boot begins the same;
 * with Secure Boot a fresh copy of the image's, and a disk with what is signed), an emulated TPM
 * unless the processor itself vouches for the guest (SEV-SNP, TDX), a random number generator, the
 * two 9P exports of the share and one network card. The card hangs on QEMU's user network with
 * restrict=on: the guest reaches nothing, and the host reaches one port of the guest, on loopback,
 * or two where it has a gateway. A guest with a computation server reaches that one address,
 * through QEMU, which connects again when the connection broke. libvirt 9 has no element for that,
 * so it is the one thing that goes through qemu:commandline. */
#ifndef COCOS_MANAGER_VM_DOMAIN_H
#define COCOS_MANAGER_VM_DOMAIN_H

#include "lib/base/buf.h"
#include "services/manager-api/vm/vm.h"

#define DOMAIN_PREFIX     "cocos-"
#define DOMAIN_NAME_SIZE  (sizeof(DOMAIN_PREFIX) + VM_ID_SIZE)
#define DOMAIN_XML_MAX    (64 * KIB)
#define DOMAIN_AGENT_PORT 7002
#define DOMAIN_GRPC_PORT  7020
#define DOMAIN_DISK_SLOT  "0x1d" /* what lib/attest/reference/pcr_boot.h expects */
/* Where the guest finds the computation server that it is connected to, if it is. */
#define DOMAIN_CVMS "10.0.2.100:7001"

/* How fast a guest may fill its side of the share: so slow that a look every second sees it before
 * it has written much more than the ceiling. */
#define DOMAIN_SHARE_BYTES_PER_SECOND (4 * MIB)

/* "cocos-ID". */
void domain_name(const char *id, char out[static DOMAIN_NAME_SIZE]);

/* The id in a definition's name; false when the name is not one of ours. */
bool domain_id(const char *name, char out[static VM_ID_SIZE]);

/* Appends the definition. type is libvirt's: "kvm", "qemu", or "test" for its test driver. Errors:
 * INPUT (a text that XML cannot carry). */
MUST_USE int domain_encode(const struct vm_launch *launch, const char *type, struct buf *out,
                           struct err *err);

#endif
