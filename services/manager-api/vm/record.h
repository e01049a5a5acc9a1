/* The record of a VM as XML: the element that lies in the metadata of its definition, in a
 * namespace of ours. Written with libxml2's writer, so that whatever a name contains cannot become
 * markup, and read back strictly: a record with a part missing, out of bounds or not understood is
 * no record. */
#ifndef COCOS_MANAGER_VM_RECORD_H
#define COCOS_MANAGER_VM_RECORD_H

#include "lib/base/buf.h"
#include "services/manager-api/vm/vm.h"
#include "services/manager-api/vm/xml.h"

#define VM_RECORD_URI    "urn:cocos:vm:1"
#define VM_RECORD_PREFIX "cocos"
#define VM_RECORD_MAX    (16 * KIB)

/* Writes the fields into the element that is open. */
void vm_record_write(const struct vm_record *record, struct xml *xml);

/* Appends the element <vm>, without its namespace: libvirt puts that on. */
MUST_USE int vm_record_encode(const struct vm_record *record, struct buf *out, struct err *err);

/* Reads what libvirt gives back. Errors: INPUT. */
MUST_USE int vm_record_decode(struct span xml, struct vm_record *ret, struct err *err);

#endif
