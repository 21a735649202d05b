//! Greets, and tells whether it knows an environment variable: one that its component did not let it inherit it can't.

wit_bindgen::generate!({
    path: "../wit",
    world: "greeter",
});

struct Greeter;

export!(Greeter);

impl exports::example::greeter::greet::Guest for Greeter {
    fn greet(name: String) -> String {
        match std::env::var(&name) {
            Ok(value) => format!("{name} is '{value}'\n"),
            Err(_) => format!("Hello, {name}!\n"),
        }
    }
}
