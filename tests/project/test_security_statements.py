"""The tests that prove each security statement: this fails when one of them is missing.

Rename a test here too, and name another one in place of a test that is deleted. Sign-ins
through providers (statements 15 and 24 to 31) have a separate table.
"""

import pytest

from support.checks import not_empty
from support.source_trees import names_of_tests

STATEMENTS = {
    "1 redirect_uri is compared as a string; a fault in it is a page": """
        properties/test_redirect_uris.py a_changed_address_matches_only_as_a_loopback_port
        rfc6749/test_3_1_authorization_endpoint.py a_redirect_uri_that_is_not_registered_is_a_page
        rfc6749/test_3_1_authorization_endpoint.py
          every_other_fault_beside_a_bad_address_is_still_a_page
        attacks/test_open_redirects.py an_error_is_only_sent_on_where_the_code_would_be
        attacks/test_deleted_meanwhile.py
          an_app_that_was_deleted_before_the_response_is_a_page_and_no_redirect""",
    "2 a code is redeemed once and lives 60 seconds": """
        races/test_one_winner_among_two_hundred.py
          a_code_is_redeemed_once_and_the_replays_revoke_what_it_gave
        rfc6749/test_4_1_authorization_code.py a_code_used_twice_ends_all_that_it_gave
        rfc6749/test_4_1_authorization_code.py a_code_lives_sixty_seconds""",
    "3 codes and tokens are bound to their client; all conditions are or-ed": """
        attacks/test_reject_conditions.py a_code_is_redeemed_in_one_row_of_the_whole_table
        attacks/test_reject_conditions.py a_refresh_token_is_rotated_in_one_row_of_the_whole_table
        rfc6749/test_4_1_authorization_code.py a_code_is_bound_to_its_client
        rfc9126/test_pushed_authorization_requests.py 2_2_it_is_its_apps_and_ends_soon
        rfc9449/test_5_bound_tokens.py 10_a_code_is_bound_to_the_key_of_its_request
        rfc8628/test_5_attacks.py 3_4_another_clients_device_code
        rfc8628/test_5_attacks.py rfc9449_a_device_code_is_bound_to_the_key_of_its_request
        rfc8628/test_5_attacks.py 5_4_no_one_confirms_for_another_person
        rfc6749/test_6_refreshing_an_access_token.py a_refresh_token_is_bound_to_its_client""",
    "4 PKCE": """
        rfc7636/test_4_proof_keys.py
          plain_is_refused_and_so_is_an_absent_method_which_means_plain
        rfc7636/test_4_proof_keys.py public_and_strict_clients_must_use_it
        rfc7636/test_4_proof_keys.py a_verifier_without_a_challenge_is_a_downgrade""",
    "5 no password grant; implicit only when flagged": """
        attacks/test_forbidden_grants.py a_password_gets_no_token
        oidc_core/test_3_2_implicit_and_hybrid_flows.py an_app_that_is_not_flagged_gets_nothing""",
    "6 rotation": """
        races/test_tabs_and_attackers.py an_attacker_after_the_use_of_the_successor_ends_the_grant
        rfc9700/test_4_14_refresh_token_rotation.py explicit_revocation_beats_the_grace
        rfc9700/test_4_14_refresh_token_rotation.py
          a_late_repeat_is_refused_after_an_explicit_revocation
        rfc9700/test_4_14_refresh_token_rotation.py
          an_authorization_expires_after_its_absolute_lifetime_however_often_used
        rfc6749/test_6_refreshing_an_access_token.py the_scope_never_widens
        keys/test_rotation_of_the_secret_key.py
          without_the_old_key_a_repeat_is_refused""",
    "7 taking access back; disabled and deleted people": """
        attacks/test_taking_access_back.py one_press_ends_all_that_an_app_has
        attacks/test_taking_access_back.py
          a_disabled_or_deleted_person_is_gone_everywhere_at_once
        attacks/test_withdrawn_meanwhile.py
          nothing_is_begun_on_a_consent_that_was_just_withdrawn
        races/test_revocation_in_a_storm.py
          access_removed_at_the_account_page_in_a_storm_is_gone""",
    "8 consent": """
        rfc8252/test_7_3_loopback_ports.py
          a_public_client_on_a_device_is_asked_about_each_time_even_when_flagged
        rfc8252/test_7_3_loopback_ports.py a_public_client_on_the_web_is_asked_about_once
        oidc_core/test_3_1_prompts.py a_wider_scope_asks_again_and_a_narrower_one_does_not
        oidc_core/test_3_1_prompts.py none_never_shows_a_page
        attacks/test_changed_behind_the_consent.py scopes_that_were_not_shown_are_never_allowed""",
    "9 iss in every response; introspection of foreign tokens": """
        rfc9207/test_2_issuer.py every_kind_of_response_names_its_issuer_once
        rfc9207/test_2_issuer.py every_error_names_its_issuer
        rfc7662/test_2_introspection.py
          a_foreign_client_learns_nothing_and_a_resource_server_learns_all""",
    "10 the stored request is immutable": """
        attacks/test_requests_are_immutable.py
          nothing_beside_the_request_id_counts_when_it_goes_on
        attacks/test_requests_are_immutable.py a_request_is_answered_once
        attacks/test_requests_are_immutable.py the_person_who_decides_is_the_one_shown""",
    "11 pages": """
        pages/test_page_headers.py each_page_is_private_and_cannot_be_framed_or_scripted
        attacks/test_cross_site_forms.py a_decision_needs_the_proof_of_this_browser_and_session
        attacks/test_cross_site_forms.py after_a_form_comes_a_303_and_never_a_307
        attacks/test_cross_site_forms.py the_description_of_an_app_is_text
        attacks/test_cross_site_forms.py a_picture_comes_from_here_or_not_at_all
        attacks/test_other_names_for_this_server.py
          emails_are_not_shown_under_the_name_of_another_site""",
    "12 malformed input is a 4xx": """
        http/test_bad_input.py a_bad_body_is_a_clear_refusal_and_changes_nothing
        http/test_bad_input_at_authorize.py a_malformed_cookie_is_not_a_session
        rfc6749/test_2_3_client_authentication.py a_repeated_authorization_header_is_refused
        openapi/test_no_server_error.py *
        attacks/test_text_that_no_database_keeps.py an_id_that_cannot_be_is_nothing""",
    "13 JOSE": """
        attacks/test_forged_tokens.py alg_none_is_refused
        attacks/test_forged_tokens.py a_public_key_is_not_a_shared_secret
        attacks/test_forged_tokens.py
          unknown_header_members_are_refused_though_we_signed_them
        attacks/test_forged_tokens.py a_type_is_not_taken_for_another
        attacks/test_forged_tokens.py an_endless_token_is_refused_unread
        attacks/test_leaked_signing_keys.py a_signature_of_a_deleted_key_is_refused""",
    "14 assertions and DPoP proofs are used once": """
        rfc9449/test_5_bound_tokens.py 4_3_a_proof_is_used_once_and_a_refused_request_uses_none
        races/test_replayed_proofs.py
          of_many_requests_with_one_proof_one_wins_and_its_nonce_holds_at_every_worker
        rfc7523/test_3_client_assertions.py a_statement_is_used_once
        rfc7523/test_3_client_assertions.py of_many_at_once_one_wins
        rfc7523/test_3_client_assertions.py a_statement_that_is_not_for_here_and_now_is_refused
        rfc6749/test_2_3_client_authentication.py an_assertion_alone_proves_nothing""",
    "14b a login JWT opens only the applications that it is bound to": """
        attacks/test_login_jwt_of_another_application.py
          two_apps_at_one_address_make_no_jwt_for_a_third
        attacks/test_login_jwt_of_another_application.py
          an_app_that_registers_the_address_later_gets_nothing
        attacks/test_login_jwt_of_another_application.py
          a_second_registration_takes_no_duty_of_a_strict_app_away
        attacks/test_login_jwt_of_another_application.py
          an_app_that_is_gone_gets_nothing_for_its_jwt""",
    "14b only a person in their own browser allows": """
        attacks/test_allow_without_the_person.py
          in_the_browser_that_came_back_allow_counts
        attacks/test_allow_without_the_person.py
          an_app_that_holds_the_jwt_gets_no_consent_page
        attacks/test_allow_without_the_person.py
          an_app_that_presses_allow_by_itself_allows_nothing
        attacks/test_allow_without_the_person.py
          without_a_browser_consent_has_to_be_on_record""",
    "14f a token exchange delegates what was granted, to an API that accepts it": """
        rfc8693/test_2_token_exchange.py *
        storage/test_store_of_exchanged_tokens.py *""",
    "16 secrets are written nowhere": """
        attacks/test_marked_secrets.py no_secret_is_written_anywhere
        attacks/test_secrets_of_people.py no_password_email_token_or_cookie_is_in_the_database
        project/test_secrets_are_not_printed.py objects_with_a_secret_do_not_print_it
        attacks/test_log_of_an_application.py no_value_of_a_request_is_in_the_log
        attacks/test_log_of_an_application.py a_flood_of_refusals_is_bounded
        attacks/test_log_of_an_application.py a_caller_does_not_learn_which_credential_is_wrong
        pages/test_app_log.py the_log_of_another_person_is_not_there""",
    "18 sessions": """
        attacks/test_session_fixation.py each_proof_of_who_one_is_gives_a_new_session_id
        accounts/test_browser_sessions.py use_slides_the_idle_limit_and_never_the_absolute_one
        accounts/test_account_changes.py nothing_changes_without_the_current_password
        pages/test_account_pages.py everywhere_else_is_signed_out_by_one_press
        pages/test_account_pages.py each_device_is_listed_and_can_be_signed_out_alone""",
    "19 cookies": """
        pages/test_browser_cookies.py
          cookies_over_https_are_host_bound_secure_and_out_of_reach_of_scripts
        pages/test_browser_cookies.py on_plain_loopback_they_have_no_prefix_and_are_not_secure
        cli/test_serve.py one_command_creates_everything_and_prints_the_addresses""",
    "20 limits and proxies": """
        accounts/test_attempt_limits.py success_never_clears_what_failed_from_its_address
        accounts/test_attempt_limits.py an_address_is_limited_over_all_accounts
        attacks/test_forwarded_addresses.py
          a_forged_header_does_not_get_around_the_limit_by_address""",
    "21 no response reveals who has an account": """
        attacks/test_account_enumeration.py
          a_wrong_password_and_an_unknown_address_are_the_same_work
        attacks/test_account_enumeration.py
          sign_up_is_the_same_work_for_an_address_with_an_account
        attacks/test_account_enumeration.py a_reset_is_as_many_writes_for_an_unknown_address""",
    "22 no password, no sign-in; pre-hijacking": """
        accounts/test_signing_in.py a_person_without_a_password_cannot_sign_in_by_one
        attacks/test_pre_hijacking.py an_unverified_account_loses_its_past_when_the_mailbox_speaks
        attacks/test_pre_hijacking.py the_attackers_apps_do_not_survive_the_victims_click
        storage/test_postgres_engine.py
          a_session_never_slips_past_a_takeover_that_is_under_way""",
    "23 e-mail addresses": """
        accounts/test_addresses.py an_address_is_kept_in_one_form
        accounts/test_signing_in.py no_two_accounts_have_one_address""",
    "23a guessing from elsewhere does not lock a person out of a known browser": """
        attacks/test_lockout_from_elsewhere.py *
        accounts/test_device_cookies.py *
        accounts/test_attempt_limits.py a_device_is_counted_apart_from_its_account""",
    "23c a response of an authenticator counts once, for this server, in one browser": """
        web_authentication/test_7_verification.py a_wrong_response_is_refused_for_its_reason
        accounts/test_passkeys.py an_assertion_is_used_once
        accounts/test_passkeys.py a_challenge_is_for_one_browser_one_purpose_and_ten_minutes
        accounts/test_passkeys.py a_copied_counter_is_refused_and_reported
        accounts/test_passkeys.py
          an_unknown_passkey_gets_the_response_of_a_wrong_one_after_the_same_work
        accounts/test_passkeys.py the_last_way_in_stays
        storage/test_races_between_processes.py a_challenge_of_a_passkey_is_used_once""",
    "23d a personal token opens what was chosen, at our API, and ends with the account": """
        pages/test_personal_token_pages.py a_token_is_shown_once_and_opens_what_was_chosen
        pages/test_personal_token_pages.py its_details_restrict_the_data
        pages/test_personal_token_pages.py a_new_token_needs_a_recent_sign_in
        pages/test_personal_token_pages.py it_is_revoked_at_once_and_reported
        storage/test_store_of_personal_tokens.py it_ends_with_the_account""",
}

# Faults that servers of this kind have had.
KNOWN_FAULTS = {
    "a device is approved by another person; user codes are predictable": """
        rfc8628/test_3_4_reject_conditions.py
          a_device_code_is_redeemed_in_one_row_of_the_whole_table
        rfc8628/test_5_attacks.py 5_4_no_one_confirms_for_another_person
        rfc8628/test_5_attacks.py a_form_of_one_person_is_not_sent_by_another
        rfc8628/test_5_attacks.py nothing_skips_the_confirmation
        rfc8628/test_6_1_user_codes.py a_code_is_unambiguous_and_has_34_bits""",
    "a code or refresh token that is not bound to the client": """
        attacks/test_reject_conditions.py a_code_is_redeemed_in_one_row_of_the_whole_table
        attacks/test_reject_conditions.py no_fault_of_a_refresh_token_is_forgiven_at_any_moment""",
    "two requests spend one refresh token or code": """
        races/test_one_winner_among_two_hundred.py
          within_the_grace_a_refresh_token_has_one_successor
        races/test_one_winner_among_two_hundred.py
          without_grace_a_refresh_token_has_one_successor_and_the_replays_end_the_grant""",
    "a disabled flow comes back through a restarted session": """
        attacks/test_requests_are_immutable.py
          a_fault_that_came_later_is_found_when_the_request_goes_on
        attacks/test_forbidden_grants.py an_app_is_held_to_its_grants""",
    "the issuer is taken from the attacker's token": """
        attacks/test_forged_tokens.py issuer_and_audience_are_exactly_ours
        attacks/test_attackers_issuer.py a_good_token_of_the_attackers_issuer_opens_nothing""",
    "an account is linked by an unverified address": """
        attacks/test_unverified_addresses.py
          a_profile_with_the_victims_address_does_not_open_their_account""",
    "state is not bound to the browser": """
        attacks/test_login_csrf.py a_state_is_good_in_its_own_browser_only""",
    "a blank password signs in; an expired JWT introspects as active": """
        accounts/test_signing_in.py a_person_without_a_password_cannot_sign_in_by_one
        rfc7662/test_2_introspection.py an_invalid_token_gets_nothing_but_inactive
        rfc9068/test_2_jwt_access_tokens.py it_expires""",
    "algorithm confusion, header jwk, crit ignored, zip bomb": """
        attacks/test_forged_tokens.py a_key_signs_by_its_own_algorithm_only
        attacks/test_forged_tokens.py
          unknown_header_members_are_refused_though_we_signed_them""",
    "a malformed cookie fails open": """
        http/test_bad_input_at_authorize.py a_malformed_cookie_is_not_a_session
        http/test_bad_input_at_authorize.py raw_bytes_in_a_cookie_are_no_session""",
    "assertion jti replay": """
        rfc7523/test_3_client_assertions.py a_statement_is_used_once
        rfc7523/test_3_client_assertions.py of_many_at_once_one_wins""",
    "predictable codes": """
        project/test_imports.py only_the_clock_and_entropy_read_the_time_or_draw_random_bits""",
    "a migration that is skipped in silence, or runs twice": """
        storage/test_migrations.py a_step_that_was_left_out_is_refused
        storage/test_migrations.py of_processes_that_migrate_at_once_one_does
        storage/test_migrations.py a_newer_database_is_refused""",
    "token tables that only grow": """
        ops/test_cleanup.py nothing_that_grows_by_itself_stays_permanently
        ops/test_cleanup.py every_table_expires_or_is_known_to_be_kept""",
    "two tabs refresh at once, or a response is lost": """
        races/test_tabs_and_attackers.py ten_tabs_that_refresh_at_once_stay_signed_in
        races/test_tabs_and_attackers.py
          late_repeats_of_a_lost_refresh_all_get_the_unused_successor
        rfc9700/test_4_14_refresh_token_rotation.py
          a_spent_token_gives_its_unused_successor_however_late
        keys/test_rotation_of_the_secret_key.py
          a_lost_response_is_repeated_across_a_restart_with_a_new_key""",
}


SIGN_INS = {
    "15 addresses from outside are fetched through the guarded client only": """
        outbound/test_guarded_http_client.py
          a_name_that_leads_to_a_private_address_is_not_connected_to
        outbound/test_guarded_http_client.py no_spelling_of_a_private_address_is_connected_to
        outbound/test_guarded_http_client.py the_address_that_was_looked_at_is_the_one_connected_to
        outbound/test_guarded_http_client.py a_redirect_is_not_followed
        outbound/test_guarded_http_client.py a_response_has_a_size_that_it_cannot_lie_about
        outbound/test_guarded_http_client.py a_slow_server_costs_no_more_than_the_time_limit""",
    "24 the key is issuer and subject": """
        accounts/test_social_accounts.py one_subject_at_another_issuer_is_another_person
        properties/test_linking_decisions.py only_the_owner_of_the_identity_decides
        federation/test_openid_connect.py the_person_is_recognised_by_issuer_and_subject""",
    "25 login CSRF with two browsers": """
        attacks/test_login_csrf.py a_state_is_good_in_its_own_browser_only
        attacks/test_login_csrf.py
          the_end_of_the_attackers_sign_in_gives_the_victim_no_session
        attacks/test_login_csrf.py an_attackers_login_state_links_nothing_in_the_victims_browser
        attacks/test_login_csrf.py a_profile_that_waits_for_its_person_waits_in_one_browser
        attacks/test_login_csrf.py the_attackers_code_is_nothing_to_an_app_that_uses_pkce
        attacks/test_login_csrf.py a_malformed_cookie_fails_closed
        attacks/test_login_csrf.py a_link_on_a_strange_page_begins_no_sign_in
        v2_api/test_2_linked_accounts.py a_link_begun_in_one_browser_is_not_finished_in_another""",
    "25 a replayed state, and the state of another provider": """
        attacks/test_replayed_states.py a_state_is_good_once
        attacks/test_replayed_states.py of_many_uses_at_once_one_comes_through
        attacks/test_replayed_states.py a_state_of_another_provider_is_refused
        attacks/test_replayed_states.py a_login_state_expires""",
    "25 mix-up: the response of another issuer": """
        attacks/test_mix_up.py *
        federation/test_openid_connect.py
          the_response_of_another_issuer_is_refused_before_the_code_is_sent
        federation/test_openid_connect.py an_issuer_that_always_names_itself_must_do_so
        federation/test_github.py a_response_of_another_issuer_is_refused_before_the_code_leaves
        federation/test_x.py a_response_of_another_issuer_is_refused_before_the_code_leaves""",
    "26 the attacker's issuer, keys and algorithms": """
        attacks/test_attackers_issuer.py *
        federation/test_openid_connect.py a_discovery_document_of_another_issuer_is_refused
        federation/test_openid_connect.py only_algorithms_of_the_providers_list_are_taken
        federation/test_openid_connect.py an_id_token_must_be_for_us_now_and_of_this_browser
        federation/test_openid_connect.py an_id_token_may_bind_the_access_token
        federation/test_signatures_of_providers.py no_text_does_anything_but_be_refused
        federation/test_facebook_limited_login.py an_algorithm_that_the_token_chose_is_refused
        federation/test_google.py no_other_issuer_is_google""",
    "26 a foreign audience": """
        attacks/test_foreign_audiences.py *""",
    "26 a missing nonce, and a replayed ID token": """
        attacks/test_replayed_id_tokens.py *
        federation/test_openid_connect.py a_native_id_token_needs_its_nonce
        federation/test_openid_connect.py a_native_id_token_counts_once
        federation/test_openid_connect.py of_many_concurrent_uses_of_a_native_id_token_one_counts
        federation/test_facebook_limited_login.py a_token_without_a_nonce_is_refused
        federation/test_facebook_limited_login.py a_token_counts_once""",
    "27 an unverified address never links; no link to another person's account": """
        attacks/test_unverified_addresses.py *
        properties/test_linking_decisions.py an_account_is_linked_only_when_all_three_hold
        v2_api/test_2_social_login.py nothing_is_linked_to_another_account_than_the_one_that_began
        v2_api/test_2_social_login.py an_identity_of_another_account_is_not_taken_away
        accounts/test_social_accounts.py an_identity_of_another_account_is_never_linked""",
    "27 a pre-registered victim": """
        attacks/test_pre_hijacking.py *
        attacks/test_pre_hijacking.py
          an_account_that_a_provider_made_for_the_victims_address_is_a_dead_end""",
    "28 Google: audiences, presenters, and one person": """
        attacks/test_foreign_audiences.py
          an_access_token_of_google_for_another_app_is_refused_unused
        federation/test_google.py an_access_token_that_is_not_good_or_not_ours_is_refused
        federation/test_google.py an_id_token_of_another_app_is_refused
        federation/test_google.py the_person_of_tokeninfo_must_be_the_one_of_userinfo
        federation/test_google.py the_code_of_the_popup_is_exchanged_with_postmessage""",
    "29 Facebook: the token of another app, appsecret_proof, Limited Login": """
        attacks/test_foreign_audiences.py
          an_access_token_of_facebook_for_another_app_is_refused_unused
        federation/test_facebook.py a_token_of_another_app_is_refused_before_it_is_used
        federation/test_facebook.py every_call_for_the_account_proves_that_it_is_ours
        federation/test_facebook.py two_responses_about_two_people_are_refused
        federation/test_facebook.py an_address_never_counts_as_verified
        federation/test_facebook_limited_login.py a_token_of_another_app_is_refused
        federation/test_facebook_notices.py a_message_that_our_secret_did_not_sign_is_refused
        v2_api/test_notices_over_the_wire.py facebook_reports_that_a_person_left""",
    "security events: the provider reports a deleted, signed out or disabled account": """
        v2_api/test_notices_over_the_wire.py google_reports_what_became_of_an_account
        v2_api/test_notices_over_the_wire.py apple_reports_what_became_of_an_account
        v2_api/test_notices_over_the_wire.py
          a_message_that_apple_did_not_sign_or_not_for_us_is_refused
        v2_api/test_provider_notices.py codes_and_jwts_of_before_are_refused
        accounts/test_social_accounts.py
          a_profile_of_before_the_sign_out_opens_nothing""",
    "two first logins of one identity make one user": """
        races/test_first_logins.py fifty_first_logins_of_one_identity_make_one_user
        accounts/test_social_accounts.py first_logins_at_once_with_one_address_make_one_person""",
    "30 Microsoft, Apple, GitHub, X": """
        federation/test_microsoft.py the_key_is_tenant_and_object_id
        federation/test_microsoft.py issuer_and_tenant_must_agree
        federation/test_apple.py the_name_comes_once_beside_the_id_token
        federation/test_apple.py the_nonce_binds_the_response_to_this_browser
        federation/test_github.py the_address_on_the_public_profile_is_never_believed
        federation/test_x.py a_code_without_our_verifier_is_refused_at_once""",
    "31 provider tokens are stored encrypted, or not at all": """
        accounts/test_social_accounts.py a_refresh_token_is_kept_encrypted
        v2_api/test_3_native.py a_refresh_token_is_kept_sealed_or_not_at_all
        v2_api/test_3_native.py a_native_token_is_written_nowhere""",
    "v2-api.md §2 open redirects: prefix, subdomain, userinfo, encoding, path": """
        attacks/test_open_redirects_of_sign_ins.py
          nothing_is_redirected_to_that_is_not_registered
        attacks/test_open_redirects_of_sign_ins.py
          a_code_of_the_provider_goes_with_no_such_address_either
        attacks/test_open_redirects_of_sign_ins.py
          an_address_that_was_taken_back_meanwhile_gets_nothing
        attacks/test_open_redirects_of_sign_ins.py a_sign_in_leads_to_a_page_of_ours_only""",
    "v2-api.md §2 codes of a login are bound to provider, app and challenge": """
        v2_api/test_2_social_login.py a_code_is_good_for_its_own_provider_only
        v2_api/test_2_social_login.py a_code_is_good_for_its_own_app_only
        v2_api/test_2_social_login.py a_challenge_must_be_answered
        v2_api/test_2_social_login.py
          a_code_used_twice_is_refused_and_ends_the_jwt_of_the_first_use""",
}


@pytest.mark.parametrize("promise", [*STATEMENTS, *SIGN_INS, *KNOWN_FAULTS])
def test_each_promise_has_the_tests_that_would_fail_without_it(promise: str) -> None:
    words = iter({**STATEMENTS, **SIGN_INS, **KNOWN_FAULTS}[promise].split())
    for file, name in not_empty(zip(words, words, strict=True)):
        tests = names_of_tests(file)
        assert f"test_{name}" in tests or (name == "*" and tests), (file, name)
