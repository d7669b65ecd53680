//! `tati devices`.

use crate::command::Place;

#[test]
fn what_is_listed_can_be_computed_on() {
    let place = Place::new();
    let listed = place.json("devices");
    assert_eq!(listed["default"], "flex");
    let devices = listed["devices"].as_array().unwrap();
    let defaults: Vec<_> = devices
        .iter()
        .filter(|device| device["is_default"] == true)
        .map(|device| &device["device"])
        .collect();
    assert_eq!(defaults, ["flex"]);
    for (number, device) in devices.iter().enumerate() {
        let name = device["device"].as_str().unwrap();
        place.text(&format!(
            "train --data squares --items 20 --steps 2 --seed 1 --device {name} --out run{number}"
        ));
    }
    let text = place.text("devices");
    for backend in listed["backends"].as_array().unwrap() {
        let name = backend["backend"].as_str().unwrap();
        if backend["compiled_in"] == false {
            // Its line names the feature, as the error does of who asks for it.
            assert!(
                text.contains("not compiled in: ") && text.contains(name),
                "{text}"
            );
            place.assert_refused(
                &format!("train --data squares --device {name} --out new"),
                &format!("--features {name}"),
            );
        }
    }
}
