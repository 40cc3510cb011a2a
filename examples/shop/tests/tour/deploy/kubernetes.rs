//! `kubernetes.yaml`, by a YAML parser.

use std::collections::BTreeSet;
use std::time::Duration;

use ostler::LIVE_WITHIN;
use saphyr::{LoadableYamlNode, Yaml};

use super::container::Containerfile;
use super::facts::{assert_flags, default_of, longest_start, longest_stop, value_of};
use super::read;
use crate::harness::Shop;

/// Calls `check` with the documents of these kinds.
fn with<const N: usize>(kinds: [&str; N], check: impl FnOnce([&Yaml<'_>; N])) {
    let text = read("kubernetes.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let of_kind = |kind| documents.iter().find(|document| text_of(document, "kind") == kind);
    check(kinds.map(|kind| of_kind(kind).unwrap_or_else(|| panic!("there is no {kind}"))));
}

fn pod<'a>(deployment: &'a Yaml<'a>) -> &'a Yaml<'a> {
    &deployment["spec"]["template"]["spec"]
}

/// The one container.
fn container<'a>(deployment: &'a Yaml<'a>) -> &'a Yaml<'a> {
    let containers = pod(deployment)["containers"].as_vec().unwrap();
    assert_eq!(containers.len(), 1);
    &containers[0]
}

fn arguments<'a>(deployment: &'a Yaml<'a>) -> Vec<&'a str> {
    container(deployment)["args"].as_vec().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[track_caller]
fn text_of<'a>(node: &'a Yaml<'a>, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_else(|| panic!("{key}: {node:?}"))
}

#[track_caller]
fn number(node: &Yaml<'_>, key: &str) -> u32 {
    let number = node[key].as_integer().unwrap_or_else(|| panic!("{key}: {node:?}"));
    u32::try_from(number).unwrap()
}

#[track_caller]
fn seconds(node: &Yaml<'_>, key: &str) -> Duration {
    Duration::from_secs(number(node, key).into())
}

/// How long a probe has to fail until it counts.
fn window(probe: &Yaml<'_>) -> Duration {
    seconds(probe, "periodSeconds") * number(probe, "failureThreshold")
}

/// Items with a name, by it.
#[track_caller]
fn named<'a>(items: &'a Yaml<'a>, name: &str) -> &'a Yaml<'a> {
    let items = items.as_vec().unwrap();
    items.iter().find(|item| text_of(item, "name") == name).unwrap_or_else(|| panic!("no {name}: {items:?}"))
}

const PROBES: [(&str, &str); 3] =
    [("startupProbe", "startupz"), ("livenessProbe", "livez"), ("readinessProbe", "readyz")];

#[test]
fn its_ports_are_the_programs() {
    with(["Deployment", "Service"], |[deployment, service]| {
        let words = arguments(deployment);
        assert_flags(words.iter().copied());
        for (flag, name) in [("--listen", "http"), ("--probes", "probes")] {
            let port = default_of(flag).port();
            assert_eq!(value_of(&words, flag), format!("0.0.0.0:{port}"), "reached from outside of the pod");
            let declared = named(&container(deployment)["ports"], name);
            assert_eq!(number(declared, "containerPort"), u32::from(port));
        }
        for (probe, _) in PROBES {
            assert_eq!(text_of(&container(deployment)[probe]["httpGet"], "port"), "probes");
        }
        let ports = service["spec"]["ports"].as_vec().unwrap();
        assert_eq!(ports.len(), 1, "the probes are the kubelet's alone");
        assert_eq!(text_of(&ports[0], "targetPort"), "http");
    });
}

#[test]
fn its_probes_ask_what_the_program_answers() {
    let shop = Shop::start().ready();
    assert_eq!(shop.probe("nothing-of-the-kind"), Some(404));
    with(["Deployment"], |[deployment]| {
        for (probe, path) in PROBES {
            let asked = text_of(&container(deployment)[probe]["httpGet"], "path").trim_start_matches('/');
            assert_eq!(asked, path);
            assert_eq!(shop.probe(asked), Some(200), "{probe}");
        }
    });
}

#[test]
fn a_stop_has_the_time_that_it_may_take() {
    let longest = longest_stop();
    with(["Deployment"], |[deployment]| {
        let before = seconds(&container(deployment)["lifecycle"]["preStop"]["sleep"], "seconds");
        let given = seconds(pod(deployment), "terminationGracePeriodSeconds");
        assert!(given > before + longest, "{given:?} for {before:?} and {longest:?}");
        // While it waits, it is out of the service: as long as two looks of the kubelet.
        let ready = seconds(&container(deployment)["readinessProbe"], "periodSeconds");
        assert!(before >= 2 * ready);
    });
}

#[test]
fn its_thresholds_agree_with_the_programs_and_with_systemd_s() {
    with(["Deployment"], |[deployment]| {
        let window = |probe: &str| window(&container(deployment)[probe]);
        // A pause that ends is no reason to kill: longer than what liveness itself allows.
        assert!(window("livenessProbe") > LIVE_WITHIN);
        assert!(window("startupProbe") > longest_start());
        for (key, probe) in [("WatchdogSec", "livenessProbe"), ("TimeoutStartSec", "startupProbe")] {
            let line = format!("\n{key}={}s\n", window(probe).as_secs());
            assert!(read("shop.service").contains(&line), "the unit file has another {key} than {line}");
        }
    });
}

#[test]
fn its_options_are_a_folder_so_that_edits_are_seen() {
    with(["Deployment", "ConfigMap"], |[deployment, options]| {
        let mounts = &container(deployment)["volumeMounts"];
        let mount = named(mounts, "config");
        assert!(!mount.contains_mapping_key("subPath"));
        let file = value_of(&arguments(deployment), "--config").to_owned();
        let key = file.strip_prefix(text_of(mount, "mountPath")).unwrap().trim_start_matches('/');
        assert!(options["data"].contains_mapping_key(key), "{key}: {options:?}");
        let volume = &named(&pod(deployment)["volumes"], "config")["configMap"];
        assert_eq!(text_of(volume, "name"), text_of(&options["metadata"], "name"));
    });
}

#[test]
fn its_data_has_a_volume_of_the_image_s_user() {
    let image = Containerfile::read();
    with(["Deployment", "PersistentVolumeClaim"], |[deployment, claim]| {
        let data = value_of(&arguments(deployment), "--data").to_owned();
        let data_mount = named(&container(deployment)["volumeMounts"], "data");
        assert_eq!((text_of(data_mount, "mountPath"), image.one("VOLUME")), (&*data, &*data));
        let volume = &named(&pod(deployment)["volumes"], "data")["persistentVolumeClaim"];
        assert_eq!(text_of(volume, "claimName"), text_of(&claim["metadata"], "name"));
        let rights = &pod(deployment)["securityContext"];
        let user = format!("{}:{}", number(rights, "runAsUser"), number(rights, "runAsGroup"));
        assert_eq!(image.one("USER"), user);
        assert_eq!(number(rights, "fsGroup"), number(rights, "runAsGroup"));
        let own = &container(deployment)["securityContext"];
        let forbidden = [&own["allowPrivilegeEscalation"], &pod(deployment)["automountServiceAccountToken"]];
        assert!(forbidden.iter().all(|right| right.as_bool() == Some(false)), "{forbidden:?}");
        assert_eq!(own["readOnlyRootFilesystem"].as_bool(), Some(true));
    });
}

#[test]
fn its_parts_find_each_other() {
    with(["Deployment", "Service"], |[deployment, service]| {
        let labels = |node: &Yaml<'_>| -> BTreeSet<String> {
            let labels = node.as_mapping().unwrap().iter();
            labels
                .map(|(key, value)| format!("{}={}", key.as_str().unwrap(), value.as_str().unwrap()))
                .collect()
        };
        let of_pods = labels(&deployment["spec"]["template"]["metadata"]["labels"]);
        assert_eq!(labels(&deployment["spec"]["selector"]["matchLabels"]), of_pods);
        assert_eq!(labels(&service["spec"]["selector"]), of_pods);
    });
}
