/* All findings, kind of evidence by kind of evidence. Included several times, with FINDING()
 * defined by whoever includes it; see finding.h. */
#include "lib/attest/findings/common.h"
#include "lib/attest/findings/snp.h"
#include "lib/attest/findings/tpm.h"
#include "lib/attest/findings/hcl.h"
#include "lib/attest/findings/bundle.h"
#include "lib/attest/findings/sim.h"
#include "lib/attest/findings/dice.h"
#include "lib/attest/findings/dcap.h"
#include "lib/attest/findings/tdx.h"
#include "lib/attest/findings/sgx.h"
#include "lib/attest/findings/token.h"
#include "lib/attest/findings/receipt.h"
