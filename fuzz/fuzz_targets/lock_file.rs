#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| bowline_cli::fuzzing::lock_file(text));
