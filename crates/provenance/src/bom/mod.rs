//! Bills of materials: CycloneDX and SPDX documents made from the facts of a scan.
