#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| bowline_fuzzing::manifest_two(text));
