/* Inside the definition of a VM: memory, processors, firmware, and how the processor protects them.
 */
#ifndef COCOS_MANAGER_VM_DOMAIN_BOARD_H
#define COCOS_MANAGER_VM_DOMAIN_BOARD_H

#include "services/manager-api/vm/vm.h"
#include "services/manager-api/vm/xml.h"

/* Writes the elements of <domain> from <memory> to <on_crash> and <pm>. */
void domain_write_board(struct xml *xml, const struct vm_launch *launch);

/* Writes <launchSecurity>, or nothing for a VM that nothing protects. */
void domain_write_security(struct xml *xml, const struct vm_launch *launch);

/* A TPM that the host emulates says nothing that a protected guest's own report would not say
 * better: whoever could forge that one holds this one. */
bool domain_has_tpm(const struct vm_launch *launch);

#endif
