/* The connection to libvirt: opening, noticing that it died, opening again; and libvirt's errors as
 * ours. */
#ifndef COCOS_MANAGER_VM_LIBVIRT_CONN_H
#define COCOS_MANAGER_VM_LIBVIRT_CONN_H

#include "services/manager-api/vm/vm.h"

#include <libvirt/libvirt.h>

struct libvirt_conn;

MUST_USE int libvirt_conn_new(const char *uri, const struct vm_watcher *watcher,
                              struct libvirt_conn **ret, struct err *err);
void libvirt_conn_free(struct libvirt_conn *conn);

/* A reference to a live connection; the caller closes it. Errors: UNAVAILABLE with what to do. */
MUST_USE int libvirt_conn_get(struct libvirt_conn *conn, virConnectPtr *ret, struct err *err);

const char *libvirt_conn_uri(const struct libvirt_conn *conn);

/* Fills err from libvirt's last error in this thread; what says what was tried. Returns -1. */
int libvirt_fail(struct err *err, const char *what);

/* The code (VIR_ERR_...) of libvirt's last error in this thread. */
int libvirt_code(void);

#endif
