/* Findings about those who vouch for a vTPM: Azure's HCL, and SVSMs. The columns are explained in
 * finding.h. */
/* clang-format off */
FINDING(HCL_FORM, "hcl.form", CRYPTO, ERROR,
        "the layout of the HCL report and its runtime data",
        "give the content of NV index 0x01400001 as the TPM has it, or the evidence as the attester wrote it",
        "Azure confidential VMs, guest attestation")
FINDING(HCL_HARDWARE, "hcl.hardware", CRYPTO, ERROR,
        "a report of the hardware that can be checked away from the machine",
        "have the machine turn its TDREPORT into a quote, and give both",
        "Intel TDX module, TDREPORT")
FINDING(SVSM_FORM, "svsm.manifest", CRYPTO, ERROR,
        "the manifest of the SVSM's vTPM",
        "give the manifest as the SVSM wrote it (configfs-tsm's manifestblob), for the vTPM service",
        "AMD 58019, attestation protocol")
FINDING(SVSM_REPORT, "svsm.report_data", CRYPTO, ERROR,
        "REPORT_DATA as the SHA-512 of our 64 bytes and the manifest",
        "ask the SVSM for a report with our 64 bytes (--report-data), and give the manifest that came with it",
        "AMD 58019, attestation protocol")
FINDING(SVSM_VMPL, "svsm.vmpl", CRYPTO, ERROR,
        "VMPL 0, where the SVSM is",
        "ask the SVSM for the report; one that the guest asked for itself says nothing about the vTPM",
        "AMD 58019, attestation protocol")
/* clang-format on */
