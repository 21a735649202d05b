//! `/swagger/v1/swagger.json`: by its paths a client tells which Hippo it meets.

use serde_json::{Map, Value, json};

use super::Json;

/// Every path with its methods, the status of success, and the tag of its controller.
const OPERATIONS: &[(&str, &[(&str, &str)])] = &[
    ("/api/accounts", &[("post", "200")]),
    ("/api/apps", &[("get", "200"), ("post", "200")]),
    (
        "/api/apps/{id}",
        &[("get", "200"), ("put", "204"), ("delete", "204")],
    ),
    ("/api/auth-tokens", &[("post", "200")]),
    ("/api/certificates", &[("get", "200"), ("post", "200")]),
    (
        "/api/certificates/{id}",
        &[("put", "204"), ("delete", "204")],
    ),
    ("/api/channel-statuses", &[("get", "200")]),
    ("/api/channels", &[("get", "200"), ("post", "200")]),
    (
        "/api/channels/{id}",
        &[
            ("get", "200"),
            ("put", "204"),
            ("patch", "204"),
            ("delete", "204"),
        ],
    ),
    (
        "/api/channels/{channelId}/desired-status",
        &[("put", "204")],
    ),
    ("/api/channels/{id}/logs", &[("get", "200")]),
    ("/api/revisions", &[("get", "200"), ("post", "201")]),
    ("/api/revisions/{id}", &[("delete", "204")]),
    ("/api/storages", &[("get", "200")]),
];

/// Shows the operations, without their schemas.
pub(crate) async fn show() -> Json<Value> {
    let mut paths = Map::new();
    for (path, methods) in OPERATIONS {
        let operations: Map<String, Value> = methods
            .iter()
            .map(|(method, status)| {
                let parameters: Vec<Value> = path
                    .split('/')
                    .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                    .map(|name| {
                        json!({
                            "name": name, "in": "path", "required": true,
                            "schema": { "type": "string", "format": "uuid" }
                        })
                    })
                    .collect();
                let responses =
                    Map::from_iter([((*status).to_owned(), json!({ "description": "Success" }))]);
                (
                    (*method).to_owned(),
                    json!({ "parameters": parameters, "responses": responses }),
                )
            })
            .collect();
        paths.insert((*path).to_owned(), Value::Object(operations));
    }
    Json(json!({
        "openapi": "3.0.1",
        "info": { "title": "Hippo.Web", "version": "1.0" },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "Bearer": { "type": "apiKey", "name": "Authorization", "in": "header" }
            }
        },
        "security": [{ "Bearer": [] }]
    }))
}
