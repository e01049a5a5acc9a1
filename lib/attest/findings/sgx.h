/* Findings about Intel SGX enclaves and their policy. The columns are explained in finding.h; what
 * SGX shares with TDX is in dcap.h. */
/* clang-format off */
FINDING(SGX_DEBUG, "sgx.debug", POLICY, ERROR,
        "that the enclave cannot be debugged from outside",
        "build and start the enclave without DEBUG; no policy here can excuse it",
        "Intel SDM volume 3D, ATTRIBUTES.DEBUG")
FINDING(SGX_ATTRIBUTES, "sgx.attributes", POLICY, ERROR,
        "that the enclave's ATTRIBUTES have no bit that is unknown, and INIT",
        "start the enclave with attributes that this verifier knows; what is not understood is not accepted",
        "Intel SDM volume 3D, ATTRIBUTES")
FINDING(SGX_REPORT_DATA, "sgx.report_data", POLICY, ERROR,
        "REPORTDATA, all 64 bytes",
        "ask for a new quote with {expected} as its report data; this one answers another question",
        "Intel SDM volume 3D, REPORTDATA")
FINDING(SGX_MRENCLAVE, "sgx.mrenclave", POLICY, ERROR,
        "the enclave among sgx.mrenclave",
        "run the enclave that {expected} stands for, or add {got} to sgx.mrenclave once you know what it is",
        "Intel SDM volume 3D, MRENCLAVE")
FINDING(SGX_MRSIGNER, "sgx.mrsigner", POLICY, ERROR,
        "the signer of the enclave among sgx.mrsigner",
        "run an enclave signed by {expected}, or add {got} to sgx.mrsigner once you know who that is",
        "Intel SDM volume 3D, MRSIGNER")
FINDING(SGX_MEASUREMENT_ABSENT, "sgx.measurement.absent", POLICY, ERROR,
        "reference values for the enclave or its signer",
        "set sgx.mrenclave (this quote has {got}) or sgx.mrsigner, or waive \"measurement\" and accept any enclave",
        "docs/policy.md")
FINDING(SGX_TCB_STATUS, "sgx.tcb.status", POLICY, ERROR,
        "the state of the platform's TCB among sgx.tcb_status",
        "bring the machine up to date, or add \"{got}\" to sgx.tcb_status and live with what it means",
        "Intel PCS, TCB info: tcbStatus")
/* clang-format on */
