//! Who may depend on whom, and under which licence.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn packages() -> Vec<Value> {
    let text = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

#[test]
fn arrows_point_one_way() {
    const ALLOWED: [(&str, &[&str]); 5] = [
        ("drivers", &[]),
        ("ui", &[]),
        ("kiosk", &["ui", "drivers"]),
        ("provisioning", &["kiosk", "drivers"]),
        ("tests", &["kiosk", "drivers", "ui", "provisioning"]),
    ];
    let packages = packages();
    let members: BTreeSet<&str> = packages.iter().map(name).collect();
    assert_eq!(members, ALLOWED.iter().map(|(member, _)| *member).collect());
    for package in &packages {
        let allowed = ALLOWED.iter().find(|(member, _)| *member == name(package)).unwrap().1;
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = name(dependency);
            let fine = !members.contains(to) || allowed.contains(&to);
            assert!(fine, "{} must not depend on {to}", name(package));
        }
    }
}

#[test]
fn devices_may_be_used_by_others_the_rest_is_free_software_to_stay() {
    for package in packages() {
        let licence =
            if name(&package) == "drivers" { "MIT OR Apache-2.0" } else { "GPL-3.0-only" };
        assert_eq!(package["license"], licence, "{}", name(&package));
    }
}

#[test]
fn tools_and_drivers_are_built_without_screens() {
    for package in ["drivers", "provisioning", "tests"] {
        let tree = cargo(&[
            "tree",
            "-p",
            package,
            "--no-default-features",
            "-e",
            "normal",
            "--prefix",
            "none",
        ]);
        let names: BTreeSet<&str> =
            tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(names.contains(package), "{tree}");
        let screens: Vec<_> = names.iter().filter(|name| name.contains("slint")).collect();
        assert!(screens.is_empty(), "{package} reaches {screens:?}");
    }
}
