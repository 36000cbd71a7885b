// The one list of the windows' commands. The build script makes a permission of each, and
// `commands.rs` dispatches them; what is missing here can be neither called nor allowed.
macro_rules! with_command_names {
    ($then:ident) => {
        $then![
            desk,
            events,
            acknowledge,
            answer,
            set_policy,
            pause,
            resume,
            add_rule,
            remove_rule,
            plant_decoy,
            remove_decoy,
            projects,
            choose_folder,
            add_project,
            remove_project,
            discover_projects,
            packages,
            start_scan,
            cancel_scan,
            excerpt,
            quarantine,
            seal,
            review_sealed,
            read_sealed,
            restore_sealed,
            delete_sealed,
            known_bad,
            settings,
            save_settings,
        ]
    };
}
