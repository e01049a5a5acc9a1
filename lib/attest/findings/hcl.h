/* Findings about the HCL reports of Azure. The columns are explained in finding.h. */
/* clang-format off */
FINDING(HCL_FORM, "hcl.form", CRYPTO, ERROR,
        "the layout of the HCL report and its runtime data",
        "give the content of NV index 0x01400001 as the TPM has it, or the evidence as the attester wrote it",
        "Azure confidential VMs, guest attestation")
FINDING(HCL_HARDWARE, "hcl.hardware", CRYPTO, ERROR,
        "a report of the hardware that can be checked away from the machine",
        "have the machine turn its TDREPORT into a quote, and give both",
        "Intel TDX module, TDREPORT")
/* clang-format on */
