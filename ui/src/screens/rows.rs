//! Lists that keep their elements: a line that stays is changed in place, so it neither moves nor
//! arrives a second time.

use slint::{Model as _, VecModel};

/// Makes `model` hold `wanted`. Rows are known by `key`; rows put in front, taken out or changed
/// touch only themselves.
pub(super) fn sync<T, K>(model: &VecModel<T>, wanted: Vec<T>, key: impl Fn(&T) -> K)
where
    T: Clone + PartialEq + 'static,
    K: PartialEq,
{
    let keys = wanted.iter().map(&key).collect::<Vec<_>>();
    for at in (0..model.row_count()).rev() {
        let stays = model.row_data(at).is_some_and(|row| keys.contains(&key(&row)));
        if !stays {
            model.remove(at);
        }
    }
    for (at, row) in wanted.into_iter().enumerate() {
        match model.row_data(at) {
            Some(old) if key(&old) == key(&row) => {
                if old != row {
                    model.set_row_data(at, row);
                }
            }
            _ => model.insert(at, row),
        }
    }
    // A row that changed its place was inserted anew; its old self is behind the end.
    while model.row_count() > keys.len() {
        model.remove(model.row_count() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(before: &[(u8, char)], wanted: &[(u8, char)]) -> Vec<(u8, char)> {
        let model = VecModel::from(before.to_vec());
        sync(&model, wanted.to_vec(), |row| row.0);
        model.iter().collect()
    }

    #[test]
    fn any_list_becomes_any_other() {
        let lists: [&[(u8, char)]; 6] = [
            &[],
            &[(1, 'a')],
            &[(2, 'b'), (1, 'a')],
            &[(3, 'c'), (2, 'x'), (1, 'a')],
            &[(1, 'a'), (2, 'b')],
            &[(9, 'z')],
        ];
        for before in lists {
            for wanted in lists {
                assert_eq!(after(before, wanted), wanted, "from {before:?}");
            }
        }
    }
}
