#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| bowline_cli::fuzzing::project_settings(text));
