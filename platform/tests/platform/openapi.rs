//! The platform through Hippo's own client, `hippo-openapi` 0.10.1, which spin 0.5 to 0.10 used.

use hippo_openapi::apis::Error;
use hippo_openapi::apis::accounts_api::api_accounts_post;
use hippo_openapi::apis::apps_api::{
    api_apps_get, api_apps_id_delete, api_apps_id_get, api_apps_id_put, api_apps_post,
};
use hippo_openapi::apis::auth_tokens_api::api_auth_tokens_post;
use hippo_openapi::apis::certificates_api::{
    api_certificates_get, api_certificates_id_delete, api_certificates_id_put,
    api_certificates_post,
};
use hippo_openapi::apis::channel_statuses_api::api_channel_statuses_get;
use hippo_openapi::apis::channels_api::{
    api_channels_channel_id_desired_status_put, api_channels_get, api_channels_id_delete,
    api_channels_id_get, api_channels_id_logs_get, api_channels_id_patch, api_channels_id_put,
    api_channels_post,
};
use hippo_openapi::apis::configuration::{ApiKey, Configuration};
use hippo_openapi::apis::revisions_api::{
    api_revisions_get, api_revisions_id_delete, api_revisions_post,
};
use hippo_openapi::apis::storages_api::api_storages_get;
use hippo_openapi::models::{
    ChannelRevisionSelectionStrategy, CreateAccountCommand, CreateAppCommand,
    CreateCertificateCommand, CreateChannelCommand, CreateTokenCommand, DesiredStatus,
    PatchChannelCommand, RegisterRevisionCommand, UpdateAppCommand, UpdateCertificateCommand,
    UpdateChannelCommand, UpdateDesiredStatusCommand,
};

use crate::support::{MANIFEST, World, exported};

/// A client that is logged in.
async fn login(world: &World) -> Configuration {
    let mut configuration = Configuration {
        base_path: world
            .platform
            .hippo_url()
            .as_str()
            .trim_end_matches('/')
            .to_owned(),
        ..Configuration::default()
    };
    let password = exported(world.platform.env_file(), "HIPPO_PASSWORD");
    let command = CreateTokenCommand::new("admin".to_owned(), password);
    let info = api_auth_tokens_post(&configuration, Some(command))
        .await
        .unwrap();
    configuration.api_key = Some(ApiKey {
        prefix: Some("Bearer".to_owned()),
        key: info.token.unwrap(),
    });
    configuration
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deploy_and_a_second() {
    let world = World::start().await;
    let api = login(&world).await;
    world.push("hello/1.0.0", MANIFEST).await;
    let storages = api_storages_get(&api, Some("hello"), None, None, None)
        .await
        .unwrap();
    assert_eq!(storages.items, ["hello"]);

    let app = CreateAppCommand::new("hello".to_owned(), "hello".to_owned());
    let app = api_apps_post(&api, Some(app)).await.unwrap();
    let mut command = CreateChannelCommand::new(
        app,
        "spin-deploy".to_owned(),
        ChannelRevisionSelectionStrategy::UseRangeRule,
    );
    command.range_rule = Some("1.0.0".to_owned());
    let channel = api_channels_post(&api, Some(command)).await.unwrap();
    let shown = api_channels_id_get(&api, &channel.to_string())
        .await
        .unwrap();
    assert_eq!(shown.domain, "hello.localhost");
    assert_eq!(shown.active_revision.unwrap().revision_number, "1.0.0");

    world.push("hello/1.1.0+q01", MANIFEST).await;
    let command = RegisterRevisionCommand::new("hello".to_owned(), "1.1.0+q01".to_owned());
    api_revisions_post(&api, Some(command)).await.unwrap();
    let revisions = api_revisions_get(&api, None, Some(i32::MAX)).await.unwrap();
    let revision = revisions
        .items
        .iter()
        .find(|item| item.revision_number == "1.1.0+q01")
        .unwrap();
    let patch = PatchChannelCommand {
        revision_selection_strategy: Some(Box::new(
            ChannelRevisionSelectionStrategy::UseSpecifiedRevision,
        )),
        active_revision_id: Some(Box::new(revision.id)),
        ..PatchChannelCommand::new()
    };
    api_channels_id_patch(&api, &channel.to_string(), Some(patch))
        .await
        .unwrap();
    let status = UpdateDesiredStatusCommand::new(channel, DesiredStatus::Running);
    api_channels_channel_id_desired_status_put(&api, &channel.to_string(), Some(status))
        .await
        .unwrap();

    let shown = api_channels_id_get(&api, &channel.to_string())
        .await
        .unwrap();
    assert_eq!(
        shown.revision_selection_strategy,
        ChannelRevisionSelectionStrategy::UseSpecifiedRevision
    );
    assert_eq!(shown.active_revision.unwrap().id, revision.id);
    assert_eq!(shown.app_summary.unwrap().storage_id, "hello");
    let statuses = api_channel_statuses_get(&api, None, None, Some(&channel.to_string()))
        .await
        .unwrap();
    assert_eq!(statuses.items[0].channel_id, channel);
    api_channels_id_logs_get(&api, &channel.to_string())
        .await
        .unwrap();
    let app = api_apps_id_get(&api, &app.to_string()).await.unwrap();
    assert_eq!(
        app.channels[0].active_revision_number.as_deref(),
        Some("1.1.0+q01")
    );
    assert_eq!(app.description.as_deref(), Some("about hello/1.1.0+q01"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_the_client() {
    let world = World::start().await;
    let api = login(&world).await;
    world.push("hello/1.0.0", MANIFEST).await;

    // The client asks for nothing in particular and then can't read what it gets.
    let account = CreateAccountCommand::new("ann".to_owned(), "secret".to_owned());
    assert!(matches!(
        api_accounts_post(&api, Some(account)).await,
        Err(Error::Serde(_))
    ));
    world.login("ann", "secret").await.expect(200);

    let certificate =
        CreateCertificateCommand::new("main".to_owned(), "public".to_owned(), "private".to_owned());
    let certificate = api_certificates_post(&api, Some(certificate))
        .await
        .unwrap();
    let update = UpdateCertificateCommand::new(
        certificate,
        "other".to_owned(),
        "p".to_owned(),
        "q".to_owned(),
    );
    api_certificates_id_put(&api, &certificate.to_string(), Some(update))
        .await
        .unwrap();
    let certificates = api_certificates_get(&api, None, None, None, Some("Name"), Some(false))
        .await
        .unwrap();
    assert_eq!(certificates.items[0].name, "other");

    let app = CreateAppCommand::new("hello".to_owned(), "hello".to_owned());
    let app = api_apps_post(&api, Some(app)).await.unwrap();
    let update = UpdateAppCommand::new(app, "renamed".to_owned());
    api_apps_id_put(&api, &app.to_string(), Some(update))
        .await
        .unwrap();
    let apps = api_apps_get(&api, Some("name"), None, None, None, None)
        .await
        .unwrap();
    assert_eq!(apps.items[0].name, "renamed");

    let command = CreateChannelCommand::new(
        app,
        "main".to_owned(),
        ChannelRevisionSelectionStrategy::UseRangeRule,
    );
    let channel = api_channels_post(&api, Some(command)).await.unwrap();
    let mut update = UpdateChannelCommand::new(
        channel,
        "main".to_owned(),
        "main.example.com".to_owned(),
        ChannelRevisionSelectionStrategy::UseSpecifiedRevision,
    );
    update.certificate_id = Some(certificate);
    api_channels_id_put(&api, &channel.to_string(), Some(update))
        .await
        .unwrap();
    let channels = api_channels_get(&api, Some("main"), None, None, None, None)
        .await
        .unwrap();
    assert_eq!(channels.items[0].domain, "main.example.com");
    assert_eq!(
        channels.items[0].certificate.as_ref().unwrap().id,
        certificate
    );

    let taken = CreateAppCommand::new("renamed".to_owned(), "hello".to_owned());
    let Err(Error::ResponseError(refused)) = api_apps_post(&api, Some(taken)).await else {
        panic!("a taken name was accepted")
    };
    assert_eq!(refused.status.as_u16(), 400);
    assert!(
        refused
            .content
            .contains("The specified name already exists."),
        "{}",
        refused.content
    );

    api_channels_id_delete(&api, &channel.to_string())
        .await
        .unwrap();
    let revisions = api_revisions_get(&api, None, None).await.unwrap();
    api_revisions_id_delete(&api, &revisions.items[0].id.to_string())
        .await
        .unwrap();
    api_apps_id_delete(&api, &app.to_string()).await.unwrap();
    api_certificates_id_delete(&api, &certificate.to_string())
        .await
        .unwrap();
    assert_eq!(
        api_apps_get(&api, None, None, None, None, None)
            .await
            .unwrap()
            .total_items,
        0
    );
    world.stop().await;
}
